// UnexpectedWords: what is said of a command or flag that does not exist, with the nearest that does; and
// the program's name in texts for people.
//
// Thread-safety: pure functions. Errors: none.
//
// Example
//   if (auto error = FindUnexpected(command)) return Refuse(*error);
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace remora::cli {

// "; did you mean explain?", or nothing where none is near.
std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates);

// A first argument that is no command. `program` is the program's name.
std::optional<std::string> FindUnknownCommand(const CLI::App& app, const std::string& program,
                                              const std::vector<std::string>& arguments);
// What a command that was parsed has left over.
std::optional<std::string> FindUnexpected(const CLI::App& command);

// A text that says `remora COMMAND`, for who calls the program otherwise: `kubectl remora`.
std::string AsCalled(std::string text, const std::string& program);

}  // namespace remora::cli
