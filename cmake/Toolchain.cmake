# Compiler, linker and sanitizer settings that every target of ours shares.

find_program(CCACHE ccache)
if(CCACHE)
  # It takes what is compiled with a precompiled header only if told so.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
                                  ${CCACHE})
endif()

find_program(LLD ld.lld)
if(LLD)
  add_link_options(-fuse-ld=lld)
endif()

if(TIDEMARK_SANITIZER)
  add_compile_options(-fsanitize=${TIDEMARK_SANITIZER} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TIDEMARK_SANITIZER})
endif()

# Warnings for our own sources. Generated code and system headers are not ours to fix.
add_library(tidemark_warnings INTERFACE)
target_compile_options(tidemark_warnings INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor
                                                   -Woverloaded-virtual -Wimplicit-fallthrough)
if(TIDEMARK_WERROR)
  # What a newer library than ours advises against is no error.
  target_compile_options(tidemark_warnings INTERFACE -Werror -Wno-error=deprecated-declarations)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # False alarms on the members of StatusOr, and within std::string, whose header is no system header any more once it
  # is precompiled (g++ 12).
  target_compile_options(tidemark_warnings INTERFACE -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds
                                                     -Wno-restrict -Wno-stringop-overread)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(tidemark_warnings INTERFACE -Wthread-safety)
endif()

# tidemark_headers(NAME headers...)
# Headers that the compiler reads once for all targets that reuse them. These are compiled with the same -pthread,
# which some libraries ask for.
function(tidemark_headers name)
  file(TOUCH ${CMAKE_BINARY_DIR}/headers.cc)  # such a target takes a source
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/headers.cc)
  target_link_libraries(${name} PRIVATE absl::statusor absl::strings absl::time tidemark_warnings)
  target_compile_options(${name} PRIVATE -pthread)
  target_precompile_headers(${name} PRIVATE ${ARGN})
endfunction()

function(tidemark_reuse_headers name headers)
  target_compile_options(${name} PRIVATE -pthread)
  target_precompile_headers(${name} REUSE_FROM ${headers})
endfunction()

# tidemark_library(NAME SOURCES files... [PUBLIC libraries...] [PRIVATE libraries...] [HEADERS target])
# One library a folder. Client libraries (libpq, RocksDB, gRPC) are always PRIVATE. HEADERS: those it reuses,
# tidemark_library_headers if left out.
function(tidemark_library name)
  cmake_parse_arguments(ARG "" "HEADERS" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  if(NOT ARG_HEADERS)
    set(ARG_HEADERS tidemark_library_headers)
  endif()
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE} tidemark_warnings)
  tidemark_reuse_headers(${name} ${ARG_HEADERS})
endfunction()

# tidemark_test(NAME SOURCES files... LIBRARIES libraries... [LABELS labels...] [TIMEOUT seconds] [PLACES n] [COST n]
#               [HEADERS target])
# One test binary a folder; its label says whether it needs real servers. PLACES: how many it takes of the five that
# dev/test gives, 1 if left out. COST: about how many seconds it takes; the longest begin first. HEADERS: those it
# reuses, tidemark_test_headers if left out.
function(tidemark_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;PLACES;COST;HEADERS" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  if(NOT ARG_HEADERS)
    set(ARG_HEADERS tidemark_test_headers)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} GTest::gmock GTest::gtest_main
                                        tidemark_warnings)
  tidemark_reuse_headers(${name} ${ARG_HEADERS})
  add_test(NAME ${name} COMMAND ${name})
  if(ARG_LABELS)
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}")
  endif()
  if(ARG_PLACES)
    set_tests_properties(${name} PROPERTIES PROCESSORS ${ARG_PLACES})
  endif()
  if(ARG_COST)
    set_tests_properties(${name} PROPERTIES COST ${ARG_COST})
  endif()
  if(ARG_TIMEOUT)
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
  endif()
endfunction()
