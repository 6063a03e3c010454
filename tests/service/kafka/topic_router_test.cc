#include "service/kafka/topic_router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "tests/service/kafka/tables.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

PublishOptions Options() {
  PublishOptions options;
  options.transactional_id = "tidemark-src";
  options.checkpoint_topic = "tidemark.checkpoint.src";
  return options;
}

TransformOptions Transform(std::string tables, std::string topic) {
  TransformOptions transform;
  transform.tables = std::move(tables);
  transform.topic = std::move(topic);
  return transform;
}

TopicRouter Router(const PublishOptions& options) {
  absl::StatusOr<TopicRouter> router = TopicRouter::Make(options, "src", "db");
  EXPECT_TRUE(router.ok()) << router.status();
  return *std::move(router);
}

std::string TopicOf(TopicRouter& router, std::string schema, std::string table) {
  absl::StatusOr<std::string> topic =
      router.TopicOf(MakeTable(std::move(schema), std::move(table), {}));
  EXPECT_TRUE(topic.ok()) << topic.status();
  return topic.value_or("");
}

std::string ErrorOf(TopicRouter& router, std::string schema, std::string table) {
  absl::StatusOr<std::string> topic =
      router.TopicOf(MakeTable(std::move(schema), std::move(table), {}));
  EXPECT_EQ(topic.status().code(), absl::StatusCode::kFailedPrecondition);
  return std::string(topic.status().message());
}

TEST(TopicRouterTest, TransformComesBeforeRouteBeforeTemplate) {
  PublishOptions options = Options();
  options.transforms.push_back(Transform("shop\\.(c.*)", "people.{1}"));
  options.transforms.push_back(Transform("shop\\.orders_1", ""));
  options.routes.push_back({"shop\\.orders_(\\d)(\\d*)", "orders.{1}"});
  options.routes.push_back({"shop\\..*", "rest"});
  TopicRouter router = Router(options);
  EXPECT_EQ(TopicOf(router, "shop", "customers"), "people.customers");
  EXPECT_EQ(TopicOf(router, "shop", "orders_1"), "orders.1");
  EXPECT_EQ(TopicOf(router, "shop", "orders_17"), "orders.1");
  EXPECT_EQ(TopicOf(router, "shop", "items"), "rest");
  EXPECT_EQ(TopicOf(router, "crm", "customers"), "src.crm.customers");
}

TEST(TopicRouterTest, TheSameTableKeepsItsTopic) {
  TopicRouter router = Router(Options());
  EXPECT_EQ(TopicOf(router, "shop", "a b"), "src.shop.a_b");
  EXPECT_EQ(TopicOf(router, "shop", "a b"), "src.shop.a_b");
  v1::TableSchema table = MakeTable("shop", "a$b", {});
  table.set_table_id(7);
  PublishOptions options = Options();
  TopicRouter renaming = Router(options);
  EXPECT_TRUE(renaming.TopicOf(table).ok());
  table.set_name("a_b");
  EXPECT_TRUE(renaming.TopicOf(table).ok());
}

TEST(TopicRouterTest, TablesThatMeetByReplacementAreRefused) {
  TopicRouter router = Router(Options());
  TopicOf(router, "shop", "a b");
  EXPECT_THAT(ErrorOf(router, "shop", "a$b"),
              AllOf(HasSubstr("tables shop.a b and shop.a$b"), HasSubstr("\"src.shop.a_b\""),
                    HasSubstr("give one of them another topic with a route")));
  ErrorOf(router, "shop", "a_b");
}

TEST(TopicRouterTest, TablesThatMeetByTruncationAreRefused) {
  TopicRouter router = Router(Options());
  EXPECT_EQ(TopicOf(router, "shop", std::string(260, 'x') + "1").size(), kTopicNameMax);
  EXPECT_THAT(ErrorOf(router, "shop", std::string(260, 'x') + "2"), HasSubstr("249 of them"));
}

TEST(TopicRouterTest, TablesThatMeetSinceAnEndIsNotSeenAreRefused) {
  PublishOptions options = Options();
  options.topic = "{schema}_{table}";
  TopicRouter router = Router(options);
  EXPECT_EQ(TopicOf(router, "a", "b_c"), "a_b_c");
  EXPECT_THAT(ErrorOf(router, "a_b", "c"),
              AllOf(HasSubstr("tables a.b_c and a_b.c"), HasSubstr("\"{schema}_{table}\"")));
}

TEST(TopicRouterTest, NamesThatBrokersTakeForOneAreRefused) {
  TopicRouter router = Router(Options());
  TopicOf(router, "a.b", "c");
  EXPECT_THAT(ErrorOf(router, "a_b", "c"), HasSubstr("differ in \".\" and \"_\" only"));
}

TEST(TopicRouterTest, ManyTablesShareATopicOnPurpose) {
  PublishOptions options = Options();
  options.routes.push_back({"shop\\.(a b|a\\$b)", "both tables"});
  options.topic = "{table}";
  TopicRouter router = Router(options);
  EXPECT_EQ(TopicOf(router, "shop", "a b"), "both_tables");
  EXPECT_EQ(TopicOf(router, "shop", "a$b"), "both_tables");
  EXPECT_EQ(TopicOf(router, "shard1", "orders"), "orders");
  EXPECT_EQ(TopicOf(router, "shard2", "orders"), "orders");
}

TEST(TopicRouterTest, TopicsOfTheServiceAreNoTables) {
  PublishOptions options = Options();
  options.routes.push_back({"shop\\.a", "tidemark.checkpoint.src"});
  options.routes.push_back({"shop\\.b", "tidemark_checkpoint.src"});
  TopicRouter router = Router(options);
  EXPECT_THAT(ErrorOf(router, "shop", "a"),
              AllOf(HasSubstr("table shop.a"), HasSubstr("the checkpoint_topic")));
  EXPECT_THAT(ErrorOf(router, "shop", "b"), HasSubstr("the checkpoint_topic"));
}

TEST(TopicRouterTest, ATopicHasAName) {
  PublishOptions options = Options();
  options.routes.push_back({"shop\\.a(.*)", "{1}"});
  TopicRouter router = Router(options);
  EXPECT_EQ(TopicOf(router, "shop", "ab"), "b");
  EXPECT_THAT(ErrorOf(router, "shop", "a"), HasSubstr("the topic of shop.a has no name"));
}

TEST(TopicRouterTest, ErrorsNameTheirKey) {
  auto error = [](void (*change)(PublishOptions*), const char* database = "db") {
    PublishOptions options = Options();
    change(&options);
    const auto router = TopicRouter::Make(options, "src", database);
    EXPECT_EQ(router.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(router.status().message());
  };
  EXPECT_THAT(error([](PublishOptions* o) { o->topic = "{x}"; }),
              HasSubstr("topic: \"{x}\" is no"));
  EXPECT_THAT(error([](PublishOptions* o) { o->topic = "{database}"; }, ""),
              HasSubstr("MySQL's database is {schema}"));
  EXPECT_THAT(error([](PublishOptions* o) {
                o->routes = {{"a", "b"}, {"(", "b"}};
              }),
              HasSubstr("routes[1].tables: \"(\" is no regular"));
  EXPECT_THAT(error([](PublishOptions* o) {
                o->routes.push_back({"a", "{1}"});
              }),
              HasSubstr("routes[0].topic: "));
  EXPECT_THAT(error([](PublishOptions* o) { o->transforms.push_back(Transform("[", "")); }),
              HasSubstr("transforms[0].tables: "));
  EXPECT_THAT(error([](PublishOptions* o) { o->transforms.push_back(Transform("a", "}")); }),
              HasSubstr("transforms[0].topic: "));
  EXPECT_THAT(error([](PublishOptions* o) { o->schema_topic = "a b"; }),
              HasSubstr("schema_topic: \"a b\" is no name of a topic"));
  EXPECT_THAT(error([](PublishOptions* o) { o->message_topic = "tidemark_checkpoint.src"; }),
              HasSubstr("message_topic: \"tidemark_checkpoint.src\" is the checkpoint_topic too"));
}

// Of two sources of one service.
struct TwoRouters {
  TwoRouters(const PublishOptions& first_options, const PublishOptions& second_options) {
    owners.Reserve("first", first_options);
    owners.Reserve("second", second_options);
    first.emplace(*TopicRouter::Make(first_options, "first", "db", &owners));
    second.emplace(*TopicRouter::Make(second_options, "second", "db", &owners));
  }

  TopicOwners owners;
  std::optional<TopicRouter> first;
  std::optional<TopicRouter> second;
};

PublishOptions WithTemplate(const std::string& topic) {
  PublishOptions options;
  options.topic = topic;
  return options;
}

PublishOptions WithRoute(const std::string& tables, const std::string& topic) {
  PublishOptions options;
  options.routes.push_back({tables, topic});
  return options;
}

TEST(TopicRouterTest, TablesOfTwoSourcesThatMeetAreRefusedWithBoth) {
  const auto meets = AllOf(HasSubstr("table shop.orders of source \"second\""),
                           HasSubstr("table shop.orders of source \"first\""),
                           HasSubstr("put {source} into the template"));
  TwoRouters templates(WithTemplate("{schema}.{table}"), WithTemplate("shop.{table}"));
  EXPECT_EQ(TopicOf(*templates.first, "shop", "orders"), "shop.orders");
  EXPECT_THAT(ErrorOf(*templates.second, "shop", "orders"), meets);
  ErrorOf(*templates.second, "shop", "orders");
  EXPECT_EQ(TopicOf(*templates.second, "shop", "items"), "shop.items");
  TwoRouters route(WithTemplate("{schema}.{table}"), WithRoute("shop\\..*", "shop.orders"));
  TopicOf(*route.first, "shop", "orders");
  EXPECT_THAT(ErrorOf(*route.second, "shop", "orders"), meets);
  TwoRouters dots(WithTemplate("{schema}.{table}"), WithTemplate("{schema}_{table}"));
  TopicOf(*dots.first, "shop", "orders");
  EXPECT_THAT(ErrorOf(*dots.second, "shop", "orders"), meets);
}

TEST(TopicRouterTest, TablesOfTwoSourcesShareATopicWhereBothSaySo) {
  TwoRouters routers(WithRoute("shop\\.(.*)", "{1}"), WithRoute("crm\\.(.*)", "{1}"));
  EXPECT_EQ(TopicOf(*routers.first, "shop", "orders"), "orders");
  EXPECT_EQ(TopicOf(*routers.second, "crm", "orders"), "orders");
}

TEST(TopicRouterTest, OwnTopicsOfAnotherSourceAreNoTables) {
  PublishOptions first;
  first.checkpoint_topic = "checkpoints";
  first.transaction_topic = "ends";
  first.schema_topic = "sche.mas";
  TwoRouters routers(first, WithRoute("shop\\.(.*)", "{1}"));
  EXPECT_THAT(ErrorOf(*routers.second, "shop", "checkpoints"),
              AllOf(HasSubstr("table shop.checkpoints of source \"second\""),
                    HasSubstr("\"checkpoints\" is the checkpoint_topic of source \"first\""),
                    HasSubstr("give the table another topic with a route")));
  EXPECT_THAT(ErrorOf(*routers.second, "shop", "ends"), HasSubstr("is the transaction_topic of"));
  EXPECT_THAT(ErrorOf(*routers.second, "shop", "sche_mas"), HasSubstr("is the schema_topic of"));
}

}  // namespace
}  // namespace tidemark::service::kafka
