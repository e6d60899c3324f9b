#include "operator/cli/text_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace remora::cli {
namespace {

using ::testing::ElementsAre;

TEST(TextStream, LosesNoByte) {
  const std::vector<std::string> streams = {"",
                                            "\n",
                                            "---",
                                            "---\n",
                                            "a: 1",
                                            "a: 1\n---\nb: 1\n---\n",
                                            "---\n---\n",
                                            "# x\n---\na: |\n  ---\n",
                                            "{\"a\": 1}{\"b\": 2}\n[1]\n",
                                            "{a: {b",
                                            "--- {\"a\": 1}\n--- # c\nb: 1",
                                            "a: 1\n...\nb: 1\n...\n",
                                            "\xEF\xBB\xBF"
                                            "a: 1\r\n---\r\nb: 2\r\n",
                                            "%YAML 1.2\n---\na: 1\n",
                                            "----\n---x\n",
                                            "{\"a\": \"}\\\"{\"} {\"b\": 1}"};
  for (const std::string& stream : streams) {
    std::string joined;
    int line = 1;
    for (const TextPart& part : SplitTextStream(stream)) {
      EXPECT_EQ(part.line, line) << stream;
      line += static_cast<int>(std::count(part.text.begin(), part.text.end(), '\n'));
      EXPECT_LE(part.header_size + part.marker_size, part.text.size()) << stream;
      joined += part.text;
    }
    EXPECT_EQ(joined, stream);
  }
}

std::vector<std::string> Bodies(const std::string& stream) {
  std::vector<std::string> bodies;
  for (const TextPart& part : SplitTextStream(stream)) bodies.emplace_back(part.body());
  return bodies;
}

TEST(TextStream, CutsWhereADocumentBegins) {
  EXPECT_THAT(Bodies("a: 1\n---\nb: |\n  ---\n----\n---x: 1\n"),
              ElementsAre("a: 1\n", "b: |\n  ---\n----\n---x: 1\n"));
  EXPECT_THAT(Bodies("a: 1\n...\nb: 2\n"), ElementsAre("a: 1\n...\n", "b: 2\n"));
  EXPECT_THAT(Bodies("--- {\"a\": 1}\n---\tb\n"), ElementsAre(" {\"a\": 1}\n", "\tb\n"));
  EXPECT_THAT(Bodies("{\"a\": \"}\"} {\"b\": [{}]}\n\n{\"c\": 1}"),
              ElementsAre("{\"a\": \"}\"} ", "{\"b\": [{}]}\n\n", "{\"c\": 1}"));
  EXPECT_THAT(Bodies("# c\n\n--- # d\n# e\na: 1\n"), ElementsAre("", "a: 1\n"));
}

}  // namespace
}  // namespace remora::cli
