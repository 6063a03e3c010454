# The client libraries of MySQL and MariaDB. Both serve both servers; only capture/mysql and tests/support
# include their header, mysql.h. Each that is found is a target: tidemark_libmysqlclient (MySQL's own) and
# tidemark_connector_c (MariaDB's).
#
# TIDEMARK_MYSQL_CLIENT: the one of all programs: mysql, mariadb, or auto (libmysqlclient where it is
# installed, else Connector/C).
#
# The tests run with the other one as well where it is there, too. Where libmysqlclient is not installed, they
# take the one that dev/mysql9 unpacks; programs linked with it run with the loader and the C library of that
# tree, which may be newer than the system's.
set(TIDEMARK_MYSQL_CLIENT auto CACHE STRING "Client library: auto, mysql or mariadb")
set_property(CACHE TIDEMARK_MYSQL_CLIENT PROPERTY STRINGS auto mysql mariadb)

function(tidemark_mysql_client name headers library)
  add_library(${name} INTERFACE)
  target_include_directories(${name} SYSTEM INTERFACE ${headers})
  target_link_libraries(${name} INTERFACE ${library})
endfunction()

# Debian's libmariadb-dev-compat offers Connector/C under libmysqlclient's name.
function(tidemark_find_libmysqlclient)
  find_path(TIDEMARK_MYSQL_HEADERS mysql.h PATHS /usr/include/mysql NO_DEFAULT_PATH)
  find_library(TIDEMARK_MYSQL_LIBRARY mysqlclient)
  if(TIDEMARK_MYSQL_HEADERS AND TIDEMARK_MYSQL_LIBRARY
     AND NOT EXISTS ${TIDEMARK_MYSQL_HEADERS}/mariadb_version.h)
    tidemark_mysql_client(tidemark_libmysqlclient ${TIDEMARK_MYSQL_HEADERS} ${TIDEMARK_MYSQL_LIBRARY})
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
      tidemark_mysql_client(tidemark_libmysqlclient "${headers};${headers}/mysql" ${library})
      target_link_options(
        tidemark_libmysqlclient INTERFACE
        -Wl,--dynamic-linker=${loader} -Wl,--disable-new-dtags
        -Wl,-rpath,${folder}:/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}
        -Wl,--allow-shlib-undefined)
      target_compile_definitions(
        tidemark_libmysqlclient INTERFACE TIDEMARK_MYSQL_PLUGINS="${tree}/usr/lib/mysql/plugin")
      return()
    endif()
  endforeach()
endfunction()

function(tidemark_find_connector_c)
  find_path(TIDEMARK_MARIADB_HEADERS mysql.h PATHS /usr/include/mariadb NO_DEFAULT_PATH)
  find_library(TIDEMARK_MARIADB_LIBRARY mariadb)
  if(TIDEMARK_MARIADB_HEADERS AND TIDEMARK_MARIADB_LIBRARY)
    tidemark_mysql_client(tidemark_connector_c ${TIDEMARK_MARIADB_HEADERS} ${TIDEMARK_MARIADB_LIBRARY})
  endif()
endfunction()

tidemark_find_libmysqlclient()
tidemark_find_connector_c()
set(TIDEMARK_MYSQL_CLIENT_TARGET tidemark_connector_c)
if(TIDEMARK_MYSQL_CLIENT STREQUAL mysql
   OR (TIDEMARK_MYSQL_CLIENT STREQUAL auto AND TARGET tidemark_libmysqlclient))
  set(TIDEMARK_MYSQL_CLIENT_TARGET tidemark_libmysqlclient)
endif()
if(TIDEMARK_TESTS AND NOT TARGET tidemark_libmysqlclient)
  tidemark_find_unpacked_libmysqlclient()
endif()
if(NOT TARGET ${TIDEMARK_MYSQL_CLIENT_TARGET})
  message(FATAL_ERROR "No MySQL client library (${TIDEMARK_MYSQL_CLIENT}): run dev/install")
endif()

set(TIDEMARK_OTHER_MYSQL_CLIENT_TARGET)
foreach(client tidemark_libmysqlclient tidemark_connector_c)
  if(TIDEMARK_TESTS AND TARGET ${client} AND NOT client STREQUAL TIDEMARK_MYSQL_CLIENT_TARGET)
    set(TIDEMARK_OTHER_MYSQL_CLIENT_TARGET ${client})
  endif()
endforeach()
message(STATUS "MySQL client library: ${TIDEMARK_MYSQL_CLIENT_TARGET}; "
               "tested as well: ${TIDEMARK_OTHER_MYSQL_CLIENT_TARGET}")

# tidemark_mysql_client_library(NAME USER library SOURCES files... PUBLIC libraries... PRIVATE libraries...)
# The sources that include mysql.h, which the library USER needs: as library NAME, and as NAME_other with the
# other client library. A program gets NAME with USER, or NAME_other if tidemark_use_other_mysql_client is
# called for it.
function(tidemark_mysql_client_library name)
  cmake_parse_arguments(ARG "" "USER" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  tidemark_library(${name} SOURCES ${ARG_SOURCES} PUBLIC ${ARG_PUBLIC}
                   PRIVATE ${ARG_PRIVATE} ${TIDEMARK_MYSQL_CLIENT_TARGET})
  set(chosen ${name})
  if(TIDEMARK_OTHER_MYSQL_CLIENT_TARGET)
    tidemark_library(${name}_other SOURCES ${ARG_SOURCES} PUBLIC ${ARG_PUBLIC}
                     PRIVATE ${ARG_PRIVATE} ${TIDEMARK_OTHER_MYSQL_CLIENT_TARGET})
    set(chosen $<IF:$<BOOL:$<TARGET_PROPERTY:TIDEMARK_USES_OTHER_MYSQL_CLIENT>>,${name}_other,${name}>)
  endif()
  target_link_libraries(${ARG_USER} PRIVATE ${chosen})
endfunction()

function(tidemark_use_other_mysql_client program)
  # Where an unpacked library lies is among its link options.
  set_target_properties(${program} PROPERTIES TIDEMARK_USES_OTHER_MYSQL_CLIENT ON SKIP_BUILD_RPATH ON)
endfunction()
