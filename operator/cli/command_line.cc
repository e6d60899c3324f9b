#include "operator/cli/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "operator/base/clock.h"
#include "operator/cli/command_specs.h"
#include "operator/cli/completion_command.h"
#include "operator/cli/explain_command.h"
#include "operator/cli/help_texts.h"
#include "operator/cli/inject_command.h"
#include "operator/cli/lint_command.h"
#include "operator/cli/pattern_flags.h"
#include "operator/cli/shared_flags.h"
#include "operator/cli/test_command.h"
#include "operator/cli/unexpected_words.h"
#include "operator/cli/uninject_command.h"
#include "operator/cli/version_command.h"
#include "operator/cli/wait_command.h"

namespace remora::cli {

namespace {

class CommandLine {
 public:
  CommandLine(std::string program, Console console)
      : console_(console), program_(std::move(program)), app_(kAbout, program_) {
    app_.footer(AsCalled(kExample, program_));
    app_.get_formatter()->column_width(30);
    app_.require_subcommand(0, 1);
    AddInject();
    AddUninject();
    AddExplain();
    AddLint();
    AddTest();
    AddStatus();
    AddHistory();
    AddRevisionCommands();
    AddCatalog();
    AddDoctor();
    AddWait();
    AddVersion();
    AddCompletion();
  }

  // For kubectl; see completion_command.h.
  int Complete(const std::vector<std::string>& words) {
    console_.out << CompletionAnswer(CommandSpecs(app_), words);
    return Finish(ExitCode::kFine);
  }

  int Run(std::vector<std::string> arguments) {
    if (auto error = FindUnknownCommand(app_, program_, arguments)) return Refuse(program_, *error);
    arguments = SplitShortFlags(arguments);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
      console_.out << app_.help();
      return Finish(ExitCode::kFine);
    } catch (const CLI::ArgumentMismatch& e) {
      const std::string message = e.what();  // "--filename: 1 required FILE missing"
      return Refuse(Name(), message.substr(0, message.find(':')) + " expects a value");
    } catch (const CLI::ParseError& e) {
      return Refuse(Name(), e.what());
    }
    if (auto error = FindUnexpected(Command())) return Refuse(Name(), *error);
    const auto exit_code = run_();
    return exit_code.ok() ? Finish(*exit_code) : Refuse(Name(), exit_code.error().message());
  }

 private:
  using Runner = std::function<Result<ExitCode>()>;

  CLI::App& AddCommand(const char* name, const char* about, const char* footer, Runner runner) {
    CLI::App& command = *app_.add_subcommand(name, about);
    command.footer(AsCalled(footer, program_));
    command.allow_extras();  // told apart by FindUnexpected()
    command.callback([this, runner = std::move(runner)] { run_ = runner; });
    return command;
  }

  Result<void> CheckExplain() {
    if (explain_.objects.empty() && explain_.cluster.inputs.paths.empty()) {
      return Error(ErrorCode::kInvalid,
                   "nothing to explain; expected KIND/NAME of an object in the cluster, such as "
                   "deployment/cart, or a file by -f");
    }
    if (explain_.objects.empty()) return CheckInputs(explain_.cluster);
    if (!explain_.cluster.inputs.paths.empty() || !explain_.cluster.patterns.empty()) {
      return Error(ErrorCode::kInvalid, "unexpected argument " + explain_.objects.front() +
                                            "; objects in the cluster and files are not explained "
                                            "together");
    }
    TakeNamespace(Command(), explain_.cluster, explain_.live);
    return CheckNamespaces(explain_.cluster);
  }

  void AddInject() {
    CLI::App& command =
        AddCommand("inject", "Print workloads with their companions", kInjectFooter, [this] {
          return WithFormat({"yaml", "json"}, [this](std::optional<OutputFormat> format) {
            inject_.format = format;
            auto complete = CheckInputs(inject_.cluster);
            return complete.ok() ? RunInject(inject_, console_) : complete.error();
          });
        });
    AddInputs(command, inject_.cluster);
    command.add_option("-o,--output", format_, "yaml or json (default: as each document came)")
        ->type_name("FORMAT");
  }

  void AddUninject() {
    CLI::App& command = AddCommand(
        "uninject", "Print workloads without what was injected", kUninjectFooter, [this] {
          return WithFormat({"yaml", "json"}, [this](std::optional<OutputFormat> format) {
            uninject_.format = format;
            auto complete = CheckFiles(uninject_.inputs);
            return complete.ok() ? RunUninject(uninject_, console_) : complete.error();
          });
        });
    AddFiles(command, uninject_.inputs);
    command.add_option("-o,--output", format_, "yaml or json (default: as each document came)")
        ->type_name("FORMAT");
  }

  void AddExplain() {
    CLI::App& command =
        AddCommand("explain", "Say what each workload gets, and why", kExplainFooter, [this] {
          return WithFormat({"text", "json"}, [this](std::optional<OutputFormat> format) {
            explain_.format = format.value_or(OutputFormat::kText);
            auto complete = CheckExplain();
            return complete.ok() ? RunExplain(explain_, console_) : complete.error();
          });
        });
    command.add_option("object", explain_.objects, "objects in the cluster")
        ->type_name("KIND/NAME");
    AddInputs(command, explain_.cluster);
    AddConnection(command, explain_.live);
    AddTextOrJson(command);
  }

  void AddLint() {
    CLI::App& command = AddCommand("lint", "Say what is wrong with patterns", kLintFooter, [this] {
      auto complete = CheckInputs(lint_.cluster);
      TakeNamespace(Command(), lint_.cluster, lint_.live);
      return complete.ok() ? RunLint(lint_, console_) : complete.error();
    });
    AddFiles(command, lint_.cluster.inputs);
    AddSurroundings(command, lint_.cluster);
    AddConnection(command, lint_.live);
    command.add_flag("--server", lint_.server, "ask the API server, too, by dry runs");
  }

  void AddTest() {
    CLI::App& command = AddCommand("test", "Run the tests of patterns", kTestFooter, [this] {
      if (patterns_.inputs.paths.empty()) {
        return Result<ExitCode>(
            Error(ErrorCode::kInvalid, "no patterns; expected a file, a directory, or -"));
      }
      auto complete = CheckInputs(patterns_);
      return complete.ok() ? RunTests(patterns_, console_) : complete.error();
    });
    command.add_option("path", patterns_.inputs.paths, "files, directories, or -")
        ->type_name("FILE|DIR|-");
    command.add_flag("-R,--recursive", patterns_.inputs.recursive,
                     "directories with all below them");
    AddSurroundings(command, patterns_);
  }

  void AddStatus() {
    CLI::App& command = AddCommand(
        "status", "Say what the operator says of patterns in a cluster", kStatusFooter, [this] {
          return WithFormat({"text", "json"}, [this](std::optional<OutputFormat> format) {
            status_.format = format.value_or(OutputFormat::kText);
            auto complete = CheckStatus(status_);
            return complete.ok() ? RunStatus(status_, clock_, console_) : complete.error();
          });
        });
    AddStatusFlags(command, status_);
    AddTextOrJson(command);
  }

  void AddHistory() {
    CLI::App& command =
        AddCommand("history", "List the revisions of a pattern", kHistoryFooter, [this] {
          return WithFormat({"text", "json"}, [this](std::optional<OutputFormat> format) {
            history_.format = format.value_or(OutputFormat::kText);
            auto complete = CheckHistory(history_);
            return complete.ok() ? RunHistory(history_, clock_, console_) : complete.error();
          });
        });
    AddHistoryFlags(command, history_);
    AddTextOrJson(command);
  }

  void AddRevisionCommands() {
    AddPinFlags(AddCommand("pin", "Give new Pods a certain revision of a pattern", kPinFooter,
                           [this] {
                             auto complete = CheckPin(revision_);
                             return complete.ok() ? RunPin(revision_, console_) : complete.error();
                           }),
                revision_);
    AddRollbackFlags(
        AddCommand("rollback", "Put a pattern back to an earlier revision", kRollbackFooter,
                   [this] {
                     auto complete = CheckRollback(revision_);
                     return complete.ok() ? RunRollback(revision_, console_) : complete.error();
                   }),
        revision_);
  }

  void AddCatalog() {
    CLI::App& command = AddCommand(
        "catalog", "Say which patterns there are to use, and how", kCatalogFooter, [this] {
          return WithFormat({"text", "json"}, [this](std::optional<OutputFormat> format) {
            catalog_.format = format.value_or(OutputFormat::kText);
            auto complete = CheckCatalog(catalog_);
            return complete.ok() ? RunCatalog(catalog_, console_) : complete.error();
          });
        });
    AddCatalogFlags(command, catalog_);
    AddTextOrJson(command);
  }

  void AddDoctor() {
    CLI::App& command = AddCommand(
        "doctor", "Say whether Remora works in a cluster, and what mends it", kDoctorFooter,
        [this] {
          return WithFormat({"text", "json"}, [this](std::optional<OutputFormat> format) {
            doctor_.format = format.value_or(OutputFormat::kText);
            doctor_.program = program_;
            auto complete = CheckDoctor(doctor_);
            return complete.ok() ? RunDoctor(doctor_, clock_, console_) : complete.error();
          });
        });
    AddDoctorFlags(command, doctor_);
    AddTextOrJson(command);
  }

  void AddTextOrJson(CLI::App& command) {
    command.add_option("-o,--output", format_, "text or json (default: text)")->type_name("FORMAT");
  }

  void AddCompletion() {
    CLI::App& command =
        AddCommand("completion", "Print a script that completes these commands in a shell",
                   kCompletionFooter, [this]() -> Result<ExitCode> {
                     auto script = CompletionScript(shell_, CommandSpecs(app_));
                     if (!script.ok()) {
                       return Error(ErrorCode::kInvalid, "expected bash, zsh, fish or kubectl" +
                                                             DidYouMean(shell_, Shells()));
                     }
                     console_.out << *script;
                     return ExitCode::kFine;
                   });
    command.add_option("shell", shell_, "bash, zsh, fish or kubectl")->type_name("SHELL");
  }

  void AddWait() {
    CLI::App& command =
        AddCommand("wait", "Wait until something listens on a port", kWaitFooter, [this] {
          if (wait_.url.empty()) {
            return Result<ExitCode>(
                Error(ErrorCode::kInvalid, "no endpoint to wait for; expected tcp://HOST:PORT"));
          }
          EndOnSignals();
          TcpDialer dialer;
          return RunWait(wait_, dialer, clock_, console_);
        });
    command.add_option("--timeout", wait_.timeout, "a duration, such as 60s or 1m30s")
        ->type_name("DURATION")
        ->capture_default_str();
    command.add_option("url", wait_.url, "tcp://HOST:PORT")->type_name("URL");
  }

  void AddVersion() {
    CLI::App& command = AddCommand("version", "Print what this program was built from", "", [this] {
      return WithFormat({"text", "json"}, [this](std::optional<OutputFormat> format) {
        return RunVersion(format.value_or(OutputFormat::kText), console_);
      });
    });
    AddTextOrJson(command);
  }

  template <typename Run>
  Result<ExitCode> WithFormat(const std::vector<std::string>& allowed, Run run) {
    if (!format_.empty() && std::find(allowed.begin(), allowed.end(), format_) == allowed.end()) {
      return Error(ErrorCode::kInvalid, "-o takes " + allowed[0] + " or " + allowed[1] +
                                            ", not \"" + format_ + '"' +
                                            DidYouMean(format_, allowed));
    }
    if (format_.empty()) return run(std::nullopt);
    return run(format_ == "json"   ? OutputFormat::kJson
               : format_ == "yaml" ? OutputFormat::kYaml
                                   : OutputFormat::kText);
  }

  // The one that is run.
  const CLI::App& Command() const { return *app_.get_subcommands().front(); }

  // The program and the command, as the user wrote them.
  std::string Name() const {
    const auto commands = app_.get_subcommands();
    return commands.empty() ? program_ : program_ + ' ' + commands.front()->get_name();
  }

  int Refuse(const std::string& name, const std::string& sentence) {
    console_.out.flush();
    console_.err << name << ": " << sentence << '\n';
    return static_cast<int>(ExitCode::kUsage);
  }

  int Finish(ExitCode exit_code) {
    console_.out.flush();
    if (!console_.out) return Refuse(Name(), "cannot write to the standard output");
    return static_cast<int>(exit_code);
  }

  Console console_;
  SystemClock clock_;
  std::string program_;
  CLI::App app_;
  Runner run_;
  std::string format_;
  InjectOptions inject_;
  UninjectOptions uninject_;
  ExplainOptions explain_;
  LintOptions lint_;
  OfflineOptions patterns_;
  StatusOptions status_;
  HistoryOptions history_;
  RevisionOptions revision_;  // of pin and rollback
  CatalogOptions catalog_;
  DoctorOptions doctor_;
  std::string shell_;
  WaitOptions wait_;
};

}  // namespace

int RunCommandLine(const std::vector<std::string>& arguments, Console console) {
  const bool is_plugin = !arguments.empty() && arguments[0].ends_with("kubectl-remora");
  CommandLine command_line(is_plugin ? "kubectl remora" : "remora", console);
  if (arguments.empty()) return command_line.Run({});
  if (arguments.size() > 1 && arguments[1] == "__complete") {
    return command_line.Complete({arguments.begin() + 2, arguments.end()});
  }
  return command_line.Run({arguments.begin() + 1, arguments.end()});
}

}  // namespace remora::cli
