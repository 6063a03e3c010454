#ifndef TIDEMARK_TESTS_SUPPORT_CACHE_FOLDER_H_
#define TIDEMARK_TESTS_SUPPORT_CACHE_FOLDER_H_

#include <string>

namespace tidemark::testing {

// The value of an environment variable; empty if it is not set.
std::string Variable(const char* name);

// Where dev/ puts the servers that are not the system's own (dev/cache.sh): $TIDEMARK_CACHE, else
// /var/cache/tidemark for root and ${XDG_CACHE_HOME:-~/.cache}/tidemark for others.
std::string CacheFolder();

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_CACHE_FOLDER_H_
