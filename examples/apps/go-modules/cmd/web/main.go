package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"example.com/private"
	"github.com/go-chi/chi/v5"
)

func main() {
	router := chi.NewRouter()
	router.Get("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, private.Greeting()) })
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), router))
}
