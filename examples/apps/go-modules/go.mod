module example.com/greeting

go 1.21

require (
	example.com/private v0.0.0
	github.com/go-chi/chi/v5 v5.1.0
)

replace example.com/private => ./private
