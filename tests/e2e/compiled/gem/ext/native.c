#include <ruby.h>
#include <curl/curl.h>
#include <ffi.h>
#include <libpq-fe.h>
#include <libxml/xmlversion.h>
#include <mysql.h>
#include <sqlite3.h>
#include <yaml.h>

static VALUE loaded(VALUE self) {
  ffi_cif cif;
  int all = curl_version()[0] && ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 0, &ffi_type_void, NULL) == FFI_OK;
  xmlCheckVersion(LIBXML_VERSION);
  all = all && PQlibVersion() > 0 && mysql_get_client_info()[0] && sqlite3_libversion()[0] && yaml_get_version_string()[0];
  return all ? Qtrue : Qfalse;
}

void Init_native(void) { rb_define_global_function("loaded", loaded, 0); }
