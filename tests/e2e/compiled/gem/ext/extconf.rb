require "mkmf"
%w[libcurl libffi libmariadb libpq sqlite3 libxml-2.0 yaml-0.1].each { |one| pkg_config(one) or abort "no #{one}" }
create_makefile "native"
