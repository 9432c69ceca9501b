package main

// #cgo pkg-config: libxml-2.0
// #include <libxml/xmlversion.h>
// #include <libxml/parser.h>
// static const char *version(void) { xmlInitParser(); return LIBXML_DOTTED_VERSION; }
import "C"

import (
	"database/sql"
	"fmt"
	"net/http"
	"os"

	"github.com/DataDog/zstd"
	"github.com/chai2010/webp"
	"github.com/google/gopacket/pcap"
	_ "github.com/mattn/go-sqlite3"
	"github.com/miekg/pkcs11"
	"github.com/valyala/gozstd"
)

func seen() string {
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return err.Error()
	}
	var version string
	if err := db.QueryRow("select sqlite_version()").Scan(&version); err != nil {
		return err.Error()
	}
	packed, err := zstd.Compress(nil, []byte("hello"))
	if err != nil {
		return err.Error()
	}
	_, _, _, wrong := webp.GetInfo([]byte("no picture"))
	module := pkcs11.New("/nowhere.so")
	return fmt.Sprint(C.GoString(C.version()) != "", version != "", len(packed) > 0, wrong != nil, len(gozstd.Compress(nil, []byte("hello"))) > 0, pcap.Version() != "", module == nil)
}

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, seen()) })
	http.ListenAndServe(":"+os.Getenv("PORT"), nil)
}
