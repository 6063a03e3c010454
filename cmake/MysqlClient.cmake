# The client library of MySQL and MariaDB, as target tidemark_mysql_client: libmysqlclient or MariaDB's
# Connector/C. Both serve both servers. Its header is "mysql.h"; only capture/mysql and tests include it.
#
# TIDEMARK_MYSQL_CLIENT: mysql, mariadb, or auto (libmysqlclient where it is installed, else Connector/C).
# With mysql, and where it is not installed, the one that dev/mysql9 unpacks is taken; programs linked with
# it then run with the loader and the C library of that tree, which may be newer than the system's.
set(TIDEMARK_MYSQL_CLIENT auto CACHE STRING "Client library: auto, mysql or mariadb")
set_property(CACHE TIDEMARK_MYSQL_CLIENT PROPERTY STRINGS auto mysql mariadb)

add_library(tidemark_mysql_client INTERFACE)

function(tidemark_use_mysql_client headers library)
  target_include_directories(tidemark_mysql_client SYSTEM INTERFACE ${headers})
  target_link_libraries(tidemark_mysql_client INTERFACE ${library})
  message(STATUS "MySQL client library: ${library}")
  set(TIDEMARK_MYSQL_CLIENT_FOUND TRUE PARENT_SCOPE)
endfunction()

# Debian's libmariadb-dev-compat offers Connector/C under libmysqlclient's name.
function(tidemark_find_libmysqlclient)
  find_path(TIDEMARK_MYSQL_HEADERS mysql.h PATHS /usr/include/mysql NO_DEFAULT_PATH)
  find_library(TIDEMARK_MYSQL_LIBRARY mysqlclient)
  if(TIDEMARK_MYSQL_HEADERS AND TIDEMARK_MYSQL_LIBRARY
     AND NOT EXISTS ${TIDEMARK_MYSQL_HEADERS}/mariadb_version.h)
    tidemark_use_mysql_client(${TIDEMARK_MYSQL_HEADERS} ${TIDEMARK_MYSQL_LIBRARY})
    set(TIDEMARK_MYSQL_CLIENT_FOUND TRUE PARENT_SCOPE)
  endif()
endfunction()

function(tidemark_find_unpacked_libmysqlclient)
  set(trees $ENV{TIDEMARK_CACHE}/mysql-9/root /var/cache/tidemark/mysql-9/root
            $ENV{XDG_CACHE_HOME}/tidemark/mysql-9/root $ENV{HOME}/.cache/tidemark/mysql-9/root)
  foreach(tree ${trees})
    file(GLOB library ${tree}/usr/lib/*/libmysqlclient.so)
    file(GLOB loader ${tree}/usr/lib/*/ld-linux*.so.*)
    if(library AND loader)
      cmake_path(GET library PARENT_PATH folder)
      # Its headers include each other as "mysql/...", and no others of that tree may be found.
      set(headers ${CMAKE_BINARY_DIR}/mysql-headers)
      file(MAKE_DIRECTORY ${headers})
      file(CREATE_LINK ${tree}/usr/include/mysql ${headers}/mysql SYMBOLIC)
      tidemark_use_mysql_client("${headers};${headers}/mysql" ${library})
      target_link_options(
        tidemark_mysql_client INTERFACE
        -Wl,--dynamic-linker=${loader} -Wl,--disable-new-dtags
        -Wl,-rpath,${folder}:/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}
        -Wl,--allow-shlib-undefined)
      target_compile_definitions(
        tidemark_mysql_client INTERFACE TIDEMARK_MYSQL_PLUGINS="${tree}/usr/lib/mysql/plugin")
      set(TIDEMARK_MYSQL_CLIENT_FOUND TRUE PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

function(tidemark_find_connector_c)
  find_path(TIDEMARK_MARIADB_HEADERS mysql.h PATHS /usr/include/mariadb NO_DEFAULT_PATH)
  find_library(TIDEMARK_MARIADB_LIBRARY mariadb)
  if(TIDEMARK_MARIADB_HEADERS AND TIDEMARK_MARIADB_LIBRARY)
    tidemark_use_mysql_client(${TIDEMARK_MARIADB_HEADERS} ${TIDEMARK_MARIADB_LIBRARY})
    set(TIDEMARK_MYSQL_CLIENT_FOUND TRUE PARENT_SCOPE)
  endif()
endfunction()

if(TIDEMARK_MYSQL_CLIENT STREQUAL mysql)
  set(finders tidemark_find_libmysqlclient tidemark_find_unpacked_libmysqlclient)
elseif(TIDEMARK_MYSQL_CLIENT STREQUAL mariadb)
  set(finders tidemark_find_connector_c)
else()
  set(finders tidemark_find_libmysqlclient tidemark_find_connector_c)
endif()
foreach(finder ${finders})
  if(NOT TIDEMARK_MYSQL_CLIENT_FOUND)
    cmake_language(CALL ${finder})
  endif()
endforeach()
if(NOT TIDEMARK_MYSQL_CLIENT_FOUND)
  message(FATAL_ERROR "No MySQL client library (${TIDEMARK_MYSQL_CLIENT}): run dev/install")
endif()
