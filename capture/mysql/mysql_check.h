#ifndef TIDEMARK_CAPTURE_MYSQL_MYSQL_CHECK_H_
#define TIDEMARK_CAPTURE_MYSQL_MYSQL_CHECK_H_

#include <stop_token>

#include "capture/mysql/mysql_source.h"
#include "capture/source.h"

namespace tidemark::capture::mysql {

// Examines server, account, binlog and tables, and lists everything that is wrong with its remedy.
// What stops capture or makes it inexact is an error; what may hurt later is a warning. Changes
// nothing, and disturbs neither a running Tidemark nor other replicas. See Source::Check.
CheckResult CheckMysql(const MysqlOptions& options, std::stop_token stop);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_MYSQL_CHECK_H_
