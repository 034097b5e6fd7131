// Which table is chosen, and how a wrong BB_ISA is reported.
#include <cstdlib>

#include "bb/kernels/denormals.h"
#include "kernels/support.h"

namespace bb::kernels::testing {
namespace {

TEST(Dispatch, every_supported_table_can_be_forced) {
  const Isa before = active_isa();
  const IsaList isas = supported_isas();
  ASSERT_GE(isas.count, 1U);
  for (size_t i = 0; i < isas.count; ++i) {
    ASSERT_TRUE(set_isa(isa_name(isas.items[i])));
    EXPECT_EQ(active_isa(), isas.items[i]);
    EXPECT_EQ(&active(), table_of(isas.items[i]));
  }
  EXPECT_EQ(isas.items[isas.count - 1], Isa::kScalar);
  EXPECT_TRUE(set_isa(isa_name(before)));
}

TEST(Dispatch, an_unknown_name_changes_nothing) {
  const Isa before = active_isa();
  EXPECT_FALSE(set_isa("sse9"));
  EXPECT_EQ(active_isa(), before);
}

TEST(Dispatch, every_table_has_its_own_complete_set_of_functions) {
  const IsaList isas = supported_isas();
  for (size_t i = 0; i < isas.count; ++i) {
    const Table& table = *table_of(isas.items[i]);
    void* slots[sizeof(Table) / sizeof(void*)];
    std::memcpy(slots, static_cast<const void*>(&table), sizeof table);
    for (const void* slot : slots) EXPECT_NE(slot, nullptr);
  }
}

/// Runs in a child process, so that the choice is made afresh.
void expect_selection(const char* value, const char* wanted_error) {
  EXPECT_EXIT(
      {
        setenv("BB_ISA", value, 1);
        const char* error = selection_error();
        if (wanted_error == nullptr) {
          std::_Exit(error == nullptr && std::strcmp(isa_name(active_isa()), value) == 0 ? 0 : 1);
        }
        std::_Exit(error != nullptr && std::strstr(error, wanted_error) != nullptr ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(DispatchDeathTest, bb_isa_forces_a_table_or_explains_why_not) {
  expect_selection("scalar", nullptr);
  expect_selection("sse9", "BB_ISA=sse9 is not an instruction set; set it to one of:");
  const bool x86 = table_of(Isa::kNeon) == nullptr;
  expect_selection(x86 ? "neon" : "v4", "is not supported by this machine or build");
}

TEST(FlushDenormals, flushes_inside_and_restores_outside) {
  volatile float small = std::numeric_limits<float>::denorm_min();
  {
    const FlushDenormals guard;
    EXPECT_EQ(small * 3.0F, 0.0F);
  }
  EXPECT_GT(small * 3.0F, 0.0F);
}

}  // namespace
}  // namespace bb::kernels::testing
