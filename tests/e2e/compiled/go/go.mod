module example.com/c

go 1.24

require (
	github.com/DataDog/zstd v1.5.7
	github.com/chai2010/webp v1.4.0
	github.com/google/gopacket v1.1.19
	github.com/mattn/go-sqlite3 v1.14.53
	github.com/miekg/pkcs11 v1.1.2
	github.com/valyala/gozstd v1.27.0
)

require golang.org/x/sys v0.0.0-20190412213103-97732733099d // indirect
