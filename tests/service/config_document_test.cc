// docs/configuration.md says what the parser and the programs do.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "tests/service/config_probe.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::service {
namespace {

using ::testing::HasSubstr;

// The cells of each line of a table with so many columns that begins with a name in code, after the
// heading.
std::vector<std::vector<std::string>> Rows(const std::string& heading, size_t columns) {
  const std::string text = testing::ReadFile(TIDEMARK_SOURCE_FOLDER "/docs/configuration.md");
  std::vector<std::vector<std::string>> rows;
  bool inside = heading.empty();
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!heading.empty() && absl::StartsWith(line, "## ")) inside = std::string(line) == heading;
    std::vector<std::string> cells = absl::StrSplit(line, '|');
    if (!inside || cells.size() != columns + 2 || absl::StartsWith(line, "|-")) continue;
    for (std::string& cell : cells) cell = std::string(absl::StripAsciiWhitespace(cell));
    rows.emplace_back(cells.begin() + 1, cells.end() - 1);
  }
  return rows;
}

std::string WithoutCode(const std::string& text) { return absl::StrReplaceAll(text, {{"`", ""}}); }

struct DocumentedKey {
  std::string type;
  std::string preset;
  std::string meaning;
};

std::map<KeyPath, DocumentedKey> DocumentedKeys() {
  std::map<KeyPath, DocumentedKey> keys;
  for (const auto& row : Rows("", 4)) {
    if (!absl::StartsWith(row[0], "`")) continue;
    const bool added =
        keys.emplace(WithoutCode(row[0]), DocumentedKey{row[1], row[2], row[3]}).second;
    EXPECT_TRUE(added) << row[0] << " is there twice";
  }
  return keys;
}

std::vector<KeyPath> Names(const auto& keys) {
  std::vector<KeyPath> names;
  for (const auto& [name, key] : keys) names.push_back(name);
  return names;
}

TEST(ConfigDocumentTest, KeysAreThoseOfTheParser) {
  const auto known = Names(KnownKeys());
  EXPECT_GT(known.size(), 50u);
  EXPECT_THAT(Names(DocumentedKeys()), ::testing::ElementsAreArray(known));
}

TEST(ConfigDocumentTest, TypesLimitsAndChoicesAreThoseOfTheParser) {
  const auto documented = DocumentedKeys();
  for (const auto& [key, expected] : KnownKeys()) {
    const auto found = documented.find(key);
    if (found == documented.end()) continue;  // said by the test above
    const auto& [type, preset, meaning] = found->second;
    EXPECT_EQ(type == "path" ? "text" : type, expected.type) << key;
    EXPECT_THAT(meaning, HasSubstr(expected.limits)) << key;
    for (const std::string& choice : expected.choices) {
      EXPECT_THAT(meaning, HasSubstr(absl::StrCat("`", choice, "`"))) << key;
    }
  }
}

TEST(ConfigDocumentTest, RequiredIsWhatTheParserMisses) {
  for (const auto& [key, documented] : DocumentedKeys()) {
    const bool missed = !ErrorAbout(key, ParseWith(key, "")).empty();
    EXPECT_EQ(documented.preset == "*required*", missed) << key;
  }
}

void Print(const capture::postgres::PostgresOptions& options, std::string* text) {
  absl::StrAppend(text, options.slot, " ", options.publication, " ", options.create_publication,
                  options.create_slot, options.allow_standby);
}

void Print(const capture::mysql::MysqlOptions& options, std::string* text) {
  absl::StrAppend(text, options.connection.port, " ", static_cast<int>(options.connection.tls.mode),
                  " ", options.continue_at_unlogged_changes, options.watermark_table.database, ".",
                  options.watermark_table.name);
}

void Print(const kafka::PublishOptions& options, std::string* text) {
  absl::StrAppend(text, static_cast<int>(options.format), " ", options.topic,
                  static_cast<int>(options.oversize), options.transactional_id, " ",
                  options.checkpoint_topic, options.acknowledge_after_kafka);
  for (const auto& transform : options.transforms) absl::StrAppend(text, transform.mask_length);
}

// What keys with defaults become.
std::string Print(const Config& config) {
  const SourceConfig& source = config.sources[0];
  std::string text = absl::StrCat(config.listen, " ", static_cast<int>(config.log_level),
                                  static_cast<int>(config.log_format), " ", source.readers_max, " ",
                                  source.chunk_ms_target, " ", source.retention.age_s_max, " ",
                                  source.retention.bytes_max, " ");
  std::visit([&](const auto& server) { Print(server, &text); }, source.server);
  if (source.publish) Print(*source.publish, &text);
  for (const auto& [name, value] : config.kafka->cluster.properties) absl::StrAppend(&text, value);
  return text;
}

// What a key decides may be whether the configuration is accepted.
std::string ParsedAndPrinted(const KeyPath& key, const std::string& value) {
  const auto config = ParseWith(key, value);
  return config.ok() ? Print(*config) : "refused";
}

TEST(ConfigDocumentTest, DefaultsAreThoseOfTheParser) {
  const auto known = KnownKeys();
  int compared = 0;
  for (const auto& [key, documented] : DocumentedKeys()) {
    if (!absl::StartsWith(documented.preset, "`")) continue;
    const std::string preset =
        absl::StrReplaceAll(WithoutCode(documented.preset), {{"<source>", "s"}});
    const std::string left_out = ParsedAndPrinted(key, "");
    EXPECT_EQ(ParsedAndPrinted(key, absl::StrCat("\"", preset, "\"")), left_out) << key;
    const std::string other = AnotherValue(known.at(key), preset);
    EXPECT_NE(ParsedAndPrinted(key, other), left_out)
        << key << ": Print does not show it, or ParseWith misses a key beside it";
    ++compared;
  }
  EXPECT_GT(compared, 20);
}

TEST(ConfigDocumentTest, TheExampleHasEveryKey) {
  const std::string example =
      testing::ReadFile(TIDEMARK_SOURCE_FOLDER "/deploy/tidemarkd.example.yaml");
  for (const auto& [key, expected] : KnownKeys()) {
    EXPECT_THAT(example, HasSubstr(key.substr(key.rfind('.') + 1) + ":")) << key;
  }
}

std::string ProgramFolder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

std::string HelpOf(const std::string& program, const std::string& subcommand) {
  std::vector<std::string> command = {absl::StrCat(ProgramFolder(), "/", program)};
  for (const absl::string_view word : absl::StrSplit(subcommand, ' ', absl::SkipEmpty())) {
    command.emplace_back(word);
  }
  command.push_back("--help");
  const auto help = testing::RunProgram(command, absl::Seconds(30));
  EXPECT_OK(help);
  return help.value_or("");
}

// All that the expression's group matches.
std::set<std::string> Matches(const std::string& text, const std::string& expression) {
  const std::regex pattern(expression, std::regex::multiline);
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) {
    found.insert((*at)[1]);
  }
  return found;
}

// "tail --json" of each flag; those that every subcommand has are the program's.
std::set<std::string> FlagsOf(const std::string& program, const std::string& subcommand) {
  const std::string help = HelpOf(program, subcommand);
  std::set<std::string> flags;
  for (const std::string& options : Matches(help, "^  (-[^ ]*)")) {
    for (const std::string& flag : Matches(options, "(--[a-z-]+)")) {
      if (flag == "--help" && !subcommand.empty()) continue;
      flags.insert(absl::StrCat(subcommand, subcommand.empty() ? "" : " ", flag));
    }
  }
  const size_t listed = help.find("Subcommands:");
  if (listed == std::string::npos) return flags;
  for (const std::string& name : Matches(help.substr(listed), "^  ([a-z]+) ")) {
    flags.merge(FlagsOf(program, absl::StrCat(subcommand, subcommand.empty() ? "" : " ", name)));
  }
  return flags;
}

TEST(ConfigDocumentTest, FlagsOfTidemarkdAreAllThere) {
  std::set<std::string> documented;
  for (const auto& row : Rows("## tidemarkd", 2)) documented.merge(Matches(row[0], "`(--[^`]+)`"));
  EXPECT_THAT(documented, ::testing::ElementsAreArray(FlagsOf("tidemarkd", "")));
}

TEST(ConfigDocumentTest, FlagsOfTidemarkAreAllThere) {
  std::set<std::string> documented;
  for (const auto& row : Rows("## tidemark", 3)) {
    std::set<std::string> subcommands = Matches(row[0], "`([^`]+)`");
    for (const std::string& flag : Matches(row[1], "`(--[^`]+)`")) {
      if (row[0] == "all") documented.insert(flag);
      for (const std::string& name : subcommands) documented.insert(absl::StrCat(name, " ", flag));
    }
  }
  EXPECT_THAT(documented, ::testing::ElementsAreArray(FlagsOf("tidemark", "")));
}

TEST(ConfigDocumentTest, VariablesOfTidemarkAreAllThere) {
  const auto variables = Matches(HelpOf("tidemark", ""), "Env:([A-Z_]+)");
  EXPECT_FALSE(variables.empty());
  const std::string text = testing::ReadFile(TIDEMARK_SOURCE_FOLDER "/docs/configuration.md");
  for (const std::string& name : variables) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("`", name, "`")));
  }
}

}  // namespace
}  // namespace tidemark::service
