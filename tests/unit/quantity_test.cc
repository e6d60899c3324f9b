#include "operator/injection/quantity.h"

#include <gtest/gtest.h>

#include <string>

namespace remora::injection {
namespace {

struct Row {
  std::string_view text;
  std::string_view decimal;
  std::string_view binary;
};

// What resource.ParseQuantity(), rounded up to a thousandth by MilliValue(), says in both formats.
constexpr Row kRows[] = {
    {"0", "0", "0"},
    {"1", "1", "1"},
    {"+1", "1", "1"},
    {"0.5", "500m", "500m"},
    {".5", "500m", "500m"},
    {"5.", "5", "5"},
    {"1.5", "1500m", "1500m"},
    {"100m", "100m", "100m"},
    {"1500m", "1500m", "1500m"},
    {"0.1001", "101m", "101m"},
    {"1n", "1m", "1m"},
    {"1u", "1m", "1m"},
    {"1001u", "2m", "2m"},
    {"999m", "999m", "999m"},
    {"1000m", "1", "1"},
    {"1000", "1k", "1k"},
    {"1024", "1024", "1Ki"},
    {"1023", "1023", "1023"},
    {"1025", "1025", "1025"},
    {"1k", "1k", "1k"},
    {"1500", "1500", "1500"},
    {"2000", "2k", "2000"},
    {"1e3", "1k", "1k"},
    {"1E3", "1k", "1k"},
    {"1e-3", "1m", "1m"},
    {"1.25e2", "125", "125"},
    {"12e-1", "1200m", "1200m"},
    {"1e+2", "100", "100"},
    {"1E", "1E", "976562500000000Ki"},
    {"8E", "8E", "7629394531250Mi"},
    {"1Ki", "1024", "1Ki"},
    {"1.5Ki", "1536", "1536"},
    {"0.5Ki", "512", "512"},
    {"1Mi", "1048576", "1Mi"},
    {"1536Mi", "1610612736", "1536Mi"},
    {"1024Mi", "1073741824", "1Gi"},
    {"1Gi", "1073741824", "1Gi"},
    {"1.5Gi", "1610612736", "1536Mi"},
    {"0.1Gi", "107374182400m", "107374182400m"},
    {"1Ti", "1099511627776", "1Ti"},
    {"1Pi", "1125899906842624", "1Pi"},
    {"1Ei", "1152921504606846976", "1Ei"},
    {"7Ei", "8070450532247928832", "7Ei"},
    {"8Ei", "9223372036854775807", "9223372036854775807"},
    {"9223372036854775807", "9223372036854775807", "9223372036854775807"},
    {"100M", "100M", "100000000"},
    {"123456789", "123456789", "123456789"},
    {"128974848", "128974848", "123Mi"},
    {"129e6", "129M", "129000000"},
    {"129M", "129M", "129000000"},
    {"64Mi", "67108864", "64Mi"},
    {"1G", "1G", "1000000000"},
    {"0Mi", "0", "0"},
    {"00012", "12", "12"},
    {"1.0000000001", "1001m", "1001m"},
    {"0.00000000000001", "1m", "1m"},
    {"3.0", "3", "3"},
    {"1048576k", "1048576k", "1000Mi"},
    {"1e0", "1", "1"},
    {"0e5", "0", "0"},
    {"Ki", "0", "0"},
};

std::string Decimal(const Quantity& quantity) {
  std::pmr::string text;
  quantity.AppendDecimal(text);
  return std::string(text);
}

std::string Binary(const Quantity& quantity) {
  std::pmr::string text;
  quantity.AppendBinary(text);
  return std::string(text);
}

TEST(QuantityTest, ReadsAndWritesAsKubernetesDoes) {
  for (const Row& row : kRows) {
    const auto quantity = Quantity::Parse(row.text);
    ASSERT_TRUE(quantity.has_value()) << row.text;
    EXPECT_EQ(Decimal(*quantity), row.decimal) << row.text;
    EXPECT_EQ(Binary(*quantity), row.binary) << row.text;
  }
}

TEST(QuantityTest, RefusesWhatIsNone) {
  for (const std::string_view text : {"", "-1", "1K", "1mi", "1 Mi", "1e", "1e+", "e", "x", "1.5.5",
                                      "1MiB", "0x10", "1,5", "--1", "1e3Mi", "nan"}) {
    EXPECT_FALSE(Quantity::Parse(text).has_value()) << text;
  }
}

TEST(QuantityTest, ComparesAcrossForms) {
  EXPECT_EQ(Quantity::Parse("1"), Quantity::Parse("1000m"));
  EXPECT_EQ(Quantity::Parse("1Gi"), Quantity::Parse("1024Mi"));
  EXPECT_LT(*Quantity::Parse("1G"), *Quantity::Parse("1Gi"));
  EXPECT_GT(*Quantity::Parse("0.1001"), *Quantity::Parse("100m"));
  EXPECT_TRUE(Quantity::Parse("0")->IsZero());
  for (const std::string_view more : {"9223372036854775808", "99999999999999999999", "1e30"}) {
    EXPECT_EQ(Quantity::Parse(more), Quantity::Parse("8Ei")) << more;
  }
}

TEST(QuantityTest, PercentRoundsUpToTheStep) {
  const Quantity milli = Quantity::OfMilli(1);
  const Quantity mebibyte = *Quantity::Parse("1Mi");
  EXPECT_EQ(Decimal(Quantity::Parse("1")->Percent(10, milli)), "100m");
  EXPECT_EQ(Decimal(Quantity::Parse("1m")->Percent(1, milli)), "1m");
  EXPECT_EQ(Decimal(Quantity::Parse("333m")->Percent(10, milli)), "34m");
  EXPECT_EQ(Decimal(Quantity::Parse("0")->Percent(10, milli)), "0");
  EXPECT_EQ(Binary(Quantity::Parse("1Gi")->Percent(10, mebibyte)), "103Mi");
  EXPECT_EQ(Binary(Quantity::Parse("10Gi")->Percent(20, mebibyte)), "2Gi");
  EXPECT_EQ(Binary(Quantity::Parse("1")->Percent(100, mebibyte)), "1Mi");
  const Quantity most = *Quantity::Parse("8Ei");
  EXPECT_EQ(most + most, most);
}

}  // namespace
}  // namespace remora::injection
