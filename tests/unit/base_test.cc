#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <memory_resource>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "operator/base/arena.h"
#include "operator/base/backoff.h"
#include "operator/base/base64.h"
#include "operator/base/clock.h"
#include "operator/base/log.h"
#include "operator/base/mutex.h"
#include "operator/base/snapshot.h"
#include "operator/base/timestamp.h"
#include "operator/base/utf8.h"
#include "tests/fakes/fake_clock.h"

namespace remora {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using ::testing::ElementsAre;

Backoff MakeBackoff(double random) {
  return Backoff({.initial = 250ms, .max = 10s}, [random] { return random; });
}

TEST(Backoff, DoublesFromInitialToMaxAtTheUpperEnd) {
  Backoff backoff = MakeBackoff(1.0);
  std::vector<milliseconds> delays;
  for (int i = 0; i < 8; ++i) delays.push_back(backoff.Next());
  EXPECT_THAT(delays, ElementsAre(250ms, 500ms, 1s, 2s, 4s, 8s, 10s, 10s));
}

TEST(Backoff, NeverWaitsLessThanHalf) {
  Backoff backoff = MakeBackoff(0.0);
  EXPECT_EQ(backoff.Next(), 125ms);
  EXPECT_EQ(backoff.Next(), 250ms);
}

TEST(Backoff, StaysAtMaxAfterAThousandFailures) {
  Backoff backoff = MakeBackoff(1.0);
  for (int i = 0; i < 1000; ++i) backoff.Next();
  EXPECT_EQ(backoff.Next(), 10s);
  EXPECT_EQ(backoff.failures(), 1001);
}

TEST(Backoff, BeginsAgainAfterReset) {
  Backoff backoff = MakeBackoff(1.0);
  backoff.Next();
  backoff.Next();
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), 250ms);
}

TEST(Backoff, SystemRandomStaysInItsInterval) {
  const RandomSource random = SystemRandom();
  for (int i = 0; i < 1000; ++i) {
    const double value = random();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
  }
}

TEST(SystemClock, SleepsTheWholeDurationWhenNobodyAsksForAStop) {
  SystemClock clock;
  const auto before = clock.Now();
  EXPECT_TRUE(clock.SleepFor(2ms, std::stop_token()));
  EXPECT_GE(clock.Now() - before, 2ms);
}

TEST(SystemClock, StopEndsASleepAtOnce) {
  SystemClock clock;
  const auto before = clock.Now();
  std::atomic<bool> slept = true;
  {
    std::jthread sleeper([&](std::stop_token stop) { slept = clock.SleepFor(1h, stop); });
  }
  EXPECT_FALSE(slept);
  EXPECT_LT(clock.Now() - before, 10s);
}

TEST(FakeClock, WakesASleeperOnlyWhenItsTimeHasCome) {
  testing::FakeClock clock;
  std::atomic<bool> awake = false;
  std::jthread sleeper([&](std::stop_token stop) { awake = clock.SleepFor(5s, stop); });
  clock.WaitForSleepers(1);
  clock.Advance(4s);
  clock.WaitForSleepers(1);
  EXPECT_FALSE(awake);
  clock.Advance(1s);
  sleeper.join();
  EXPECT_TRUE(awake);
  EXPECT_THAT(clock.sleeps(), ElementsAre(Clock::Duration(5s)));
}

TEST(CondVar, WaitEndsWithoutItsConditionWhenStopped) {
  Mutex mutex;
  CondVar changed;
  std::stop_source source;
  source.request_stop();
  MutexLock lock(mutex);
  EXPECT_FALSE(changed.Wait(mutex, source.get_token(), [] { return false; }));
}

TEST(CondVar, WaitUntilEndsAtItsDeadline) {
  Mutex mutex;
  CondVar changed;
  MutexLock lock(mutex);
  EXPECT_FALSE(changed.WaitUntil(mutex, std::stop_token(), std::chrono::steady_clock::now() + 1ms,
                                 [] { return false; }));
}

TEST(Snapshot, ReadersKeepTheValueThatTheyLoaded) {
  Snapshot<std::string> snapshot(std::make_shared<const std::string>("old"));
  const std::shared_ptr<const std::string> held = snapshot.Load();
  snapshot.Publish(std::make_shared<const std::string>("new"));
  EXPECT_EQ(*held, "old");
  EXPECT_EQ(*snapshot.Load(), "new");
}

// The tripwire: a torn value would have two different halves.
TEST(Snapshot, IsNeverSeenHalfWritten) {
  using Pair = std::pair<int, int>;
  Snapshot<Pair> snapshot(std::make_shared<const Pair>(0, 0));
  std::atomic<bool> torn = false;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 3; ++i) {
      readers.emplace_back([&](std::stop_token stop) {
        while (!stop.stop_requested()) {
          const auto value = snapshot.Load();
          if (value->first != value->second) torn = true;
        }
      });
    }
    for (int i = 1; i <= 5000; ++i) snapshot.Publish(std::make_shared<const Pair>(i, i));
  }
  EXPECT_FALSE(torn);
  EXPECT_EQ(snapshot.Load()->first, 5000);
}

TEST(SnapshotDeathTest, RefusesNull) { EXPECT_DEATH(Snapshot<int>(nullptr), "broken invariant"); }

const std::chrono::system_clock::time_point kNoon =
    std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) + 12h + 345ms;

TEST(Log, WritesOneJsonObjectALine) {
  EXPECT_EQ(FormatLogLine(LogFormat::kJson,
                          {kNoon,
                           LogLevel::kInfo,
                           "pattern changed",
                           {{"name", "cache"}, {"count", 3}, {"ok", true}, {"share", 0.5}}}),
            R"({"time":"2026-01-02T12:00:00.345Z","level":"info","message":"pattern changed",)"
            R"("name":"cache","count":3,"ok":true,"share":0.5})");
}

TEST(Log, TextFormatQuotesOnlyWhatIsAmbiguous) {
  EXPECT_EQ(FormatLogLine(LogFormat::kText,
                          {kNoon,
                           LogLevel::kWarning,
                           "list failed",
                           {{"resource", "pods"}, {"reason", "no route"}, {"retry_in_ms", 250ms}}}),
            R"(12:00:00.345 WARN  list failed resource=pods reason="no route" retry_in_ms=250)");
}

struct HostileText {
  const char* reason;
  std::string text;
  std::string read_back;
};

TEST(Log, StaysOneValidJsonLineWhateverAStrangerWrites) {
  const HostileText cases[] = {
      {"a newline would forge a second line", "a\n{\"level\":\"info\"}", "a\n{\"level\":\"info\"}"},
      {"a quote would end the value", "a\",\"b\":\"", "a\",\"b\":\""},
      {"control characters are escaped", std::string("a\x01\x1b[31m\0b", 9),
       std::string("a\x01\x1b[31m\0b", 9)},
      {"a byte that is not UTF-8", "a\xff", "a\xEF\xBF\xBD"},
      {"valid UTF-8 stays", "grüße 🐟", "grüße 🐟"},
  };
  for (const HostileText& test : cases) {
    const std::string line =
        FormatLogLine(LogFormat::kJson, {kNoon, LogLevel::kError, test.text, {{"key", test.text}}});
    EXPECT_EQ(line.find('\n'), line.npos) << test.reason;
    const auto read = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(read.is_object()) << test.reason << ": " << line;
    EXPECT_EQ(read["message"], test.read_back) << test.reason;
    EXPECT_EQ(read["key"], test.read_back) << test.reason;
    const std::string text =
        FormatLogLine(LogFormat::kText, {kNoon, LogLevel::kError, test.text, {{"key", test.text}}});
    EXPECT_EQ(text.find('\n'), text.npos) << test.reason;
  }
}

TEST(Log, DropsLinesBelowItsLevel) {
  std::vector<std::string> lines;
  RedirectLog([&](std::string_view line) { lines.emplace_back(line); });
  ConfigureLog({.level = LogLevel::kWarning, .format = LogFormat::kText});
  Log(LogLevel::kInfo, "not this");
  Log(LogLevel::kWarning, "this");
  ConfigureLog({});
  RedirectLog(nullptr);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], ::testing::HasSubstr("WARN  this"));
}

TEST(Log, ParsesLevelsAndFormatsExactly) {
  EXPECT_EQ(ParseLogLevel("warning"), LogLevel::kWarning);
  EXPECT_EQ(ParseLogLevel("WARNING"), std::nullopt);
  EXPECT_EQ(ParseLogFormat("text"), LogFormat::kText);
  EXPECT_EQ(ParseLogFormat(""), std::nullopt);
}

struct Utf8Case {
  const char* reason;
  std::string text;
  std::string replaced;
};

TEST(Timestamp, WritesAndReadsWhatKubernetesWrites) {
  const auto time = *ParseTime("2026-02-28T23:59:58.000120Z");
  EXPECT_EQ(FormatTime(time), "2026-02-28T23:59:58Z");
  EXPECT_EQ(FormatMicroTime(time), "2026-02-28T23:59:58.000120Z");
  EXPECT_EQ(ParseTime("2026-02-28T23:59:58.00012Z"), time);
  EXPECT_EQ(*ParseTime("1970-01-01T00:00:01Z"), Clock::WallTimePoint(std::chrono::seconds(1)));
}

TEST(Timestamp, RefusesWhatIsNone) {
  for (const char* text :
       {"", "2026-02-30T00:00:00Z", "2026-02-28 00:00:00Z", "2026-02-28T00:00:00",
        "2026-02-28T00:00:00+01:00", "2026-02-28T24:00:00Z", "2026-02-28T00:00:00.Z",
        "2026-02-28T00:00:00.1xZ", "-026-02-28T00:00:00Z"}) {
    EXPECT_FALSE(ParseTime(text)) << text;
  }
}

TEST(Utf8, ReplacesWhatIsNotUtf8ByteByByte) {
  const std::string bad = "\xEF\xBF\xBD";
  const Utf8Case cases[] = {
      {"two bytes", "ü", "ü"},
      {"three bytes", "€", "€"},
      {"four bytes", "🐟", "🐟"},
      {"highest code point", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
      {"beyond it", "\xF4\x90\x80\x80", bad + bad + bad + bad},
      {"over-long slash", "\xC0\xAF", bad + bad},
      {"over-long in three bytes", "\xE0\x80\xAF", bad + bad + bad},
      {"surrogate", "\xED\xA0\x80", bad + bad + bad},
      {"cut at the end", "a\xE2\x82", "a" + bad + bad},
      {"lone continuation", "\x80z", bad + "z"},
  };
  for (const Utf8Case& test : cases) {
    EXPECT_EQ(ReplaceInvalidUtf8(test.text), test.replaced) << test.reason;
  }
}

TEST(Utf8, IsCutWhereACharacterEnds) {
  const std::string text =
      "a\xE2\x82\xAC"
      "b";
  const std::string_view prefixes[] = {"", "a", "a", "a", "a\xE2\x82\xAC", text, text};
  for (std::size_t bytes = 0; bytes < std::size(prefixes); ++bytes) {
    EXPECT_EQ(Utf8Prefix(text, bytes), prefixes[bytes]) << bytes;
  }
}

TEST(Arena, GivesAlignedMemoryThatIsNobodyElses) {
  Arena arena;
  std::pmr::memory_resource& memory = arena;
  for (int round = 0; round < 2; ++round) {
    std::vector<std::pair<char*, std::size_t>> given;
    for (std::size_t i = 0; i < 3000; ++i) {
      const std::size_t alignment = std::size_t{1} << (i % 7);
      const std::size_t bytes = i % 500 == 0 ? 100000 : i % 40;
      auto* const place = static_cast<char*>(memory.allocate(bytes, alignment));
      ASSERT_NE(place, nullptr);
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(place) % alignment, 0U);
      std::fill_n(place, bytes, static_cast<char>(i));
      given.emplace_back(place, bytes);
    }
    for (std::size_t i = 0; i < given.size(); ++i) {
      const auto& [place, bytes] = given[i];
      ASSERT_EQ(std::count(place, place + bytes, static_cast<char>(i)), bytes);
    }
    arena.Reset();
  }
}

TEST(Arena, GivesTheSameMemoryAgainAfterReset) {
  Arena arena;
  const std::string_view before = arena.Copy("text");
  arena.Reset();
  EXPECT_EQ(arena.Copy("next").data(), before.data());
}

TEST(Base64, IsRfc4648) {
  struct Row {
    std::string bytes;
    std::string text;
  };
  for (const Row& row : std::vector<Row>{{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {std::string("\xFB\xFF\0", 3), "+/8A"}}) {
    EXPECT_EQ(EncodeBase64(row.bytes), row.text);
    EXPECT_EQ(DecodeBase64(row.text), row.bytes) << row.text;
  }
  EXPECT_EQ(DecodeBase64("Zm\n9v"), "foo");
  EXPECT_EQ(DecodeBase64("%%"), std::nullopt);
}

}  // namespace
}  // namespace remora
