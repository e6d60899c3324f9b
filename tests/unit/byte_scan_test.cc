#include "operator/injection/byte_scan.h"

#include <gtest/gtest.h>

#include <memory_resource>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "operator/injection/template.h"

namespace remora::injection {
namespace {

TEST(ByteScan, FindsEachByteInEachPlaceAsThePortableFormDoes) {
  for (std::size_t at = 0; at < kBlock; ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string block(kBlock, '\x80');
      block[at] = static_cast<char>(byte);
      const bool special = byte < 0x20 || byte == '"' || byte == '\\';
      const BlockMask bit = BlockMask{1} << at;
      ASSERT_EQ(ToEscape(block.data()), special ? bit : 0) << byte;
      ASSERT_EQ(Backslashes(block.data()), byte == '\\' ? bit : 0) << byte;
      ASSERT_EQ(NeedsEscape8(block.data()), special && at < 8) << byte;
      ASSERT_EQ(portable::ToEscape(block.data()), ToEscape(block.data())) << byte;
      ASSERT_EQ(portable::Backslashes(block.data()), Backslashes(block.data())) << byte;
    }
  }
  EXPECT_EQ(ToEscape("clean\nand\"again\\"), 0b1000'0010'0010'0000U) << "all of several";
}

TEST(AppendQuoted, IsReadBackAsTheSameText) {
  std::mt19937 random(3);
  const std::string alphabet("ab \"\\\n\t\r\0\x1f\x7f/", 12);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    const std::size_t ordinary = 1 + random() % 20;  // of one special character
    for (std::size_t length = random() % (i % 100 == 0 ? 3000 : 70); length > 0; --length) {
      text += random() % ordinary == 0 ? alphabet[random() % alphabet.size()] : 'x';
    }
    std::pmr::string out = "before";
    AppendQuoted(text, out);
    ASSERT_TRUE(out.starts_with("before\""));
    ASSERT_EQ(nlohmann::json::parse(out.substr(6)), text) << out;
  }
}

}  // namespace
}  // namespace remora::injection
