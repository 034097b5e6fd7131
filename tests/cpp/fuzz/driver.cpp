// Runs a fuzz target without libFuzzer: TARGET SECONDS [SEED [FILE...]] mutates the corpus and the
// files for that long; with 0 seconds it only replays them. A failing input is left in crash.bin.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "fuzz/mutator.h"
#include "fuzz/target.h"

extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

constexpr size_t kMaxInputBytes = size_t{1} << 16;
constexpr size_t kMaxCorpus = 1024;

std::string g_input;  ///< what the target reads now, for the crash report

void save_input() {
  const int file = open("crash.bin", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) return;
  const bool saved = write(file, g_input.data(), g_input.size()) >= 0;
  close(file);
  constexpr char kNote[] = "the input is in crash.bin\n";
  if (saved && write(STDERR_FILENO, kNote, sizeof(kNote) - 1) < 0) return;
}

void on_signal(int number) {
  save_input();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void report_crashes() {
  for (const int number : {SIGABRT, SIGFPE, SIGILL}) std::signal(number, on_signal);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(save_input);  // sanitizers handle SIGSEGV and SIGBUS themselves
    return;
  }
  for (const int number : {SIGSEGV, SIGBUS}) std::signal(number, on_signal);
}

int feed(std::string input) {
  g_input = std::move(input);
  return LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(g_input.data()), g_input.size());
}

std::vector<std::string> read_files(int count, char** paths) {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) {
    std::ifstream file(paths[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", paths[i]);
      std::exit(2);
    }
    out.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s SECONDS [SEED [FILE...]]\n", argv[0]);
    return 2;
  }
  const auto stop = std::chrono::steady_clock::now() +
                    std::chrono::duration<double>(std::strtod(argv[1], nullptr));
  const uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  std::vector<std::string> corpus = bb::fuzz::corpus();
  for (std::string& text : read_files(argc - 3, argv + 3)) corpus.push_back(std::move(text));
  if (corpus.empty()) corpus.emplace_back();
  report_crashes();
  for (const std::string& text : corpus) feed(text);

  bb::Stream stream(seed, "fuzz");
  size_t runs = 0, taken = 0;
  while (std::chrono::steady_clock::now() < stop) {
    std::string input = bb::fuzz::mutated(corpus, kMaxInputBytes, stream);
    ++runs;
    if (feed(input) != 0) continue;
    ++taken;
    if (corpus.size() < kMaxCorpus) {
      corpus.push_back(std::move(input));
    } else {
      corpus[stream.next_below(kMaxCorpus)] = std::move(input);
    }
  }
  std::printf("%zu inputs, %zu of them valid\n", runs, taken);
  return 0;
}
