# The kernels room: bb_kernels = dispatch and scalar functions (baseline flags) + one object library per
# instruction set, bb_k_<isa>, built from the same sources.
option(BB_SCALAR_ONLY "Build only the portable kernels" OFF)
# Instrumented vector code takes minutes per file to compile: nightly builds do it, for the scalar table.
option(BB_SANITIZE_KERNELS "Instrument the vector kernels too in a sanitized build" OFF)

set(BB_KERNELS "${PROJECT_SOURCE_DIR}/src/cpp/bb/kernels")
file(GLOB _kernel_sources CONFIGURE_DEPENDS "${BB_KERNELS}/*.cpp")
file(GLOB _isa_sources CONFIGURE_DEPENDS "${BB_KERNELS}/isa/*.cpp")
add_library(bb_kernels STATIC ${_kernel_sources})
target_link_libraries(bb_kernels PRIVATE bb_flags)
target_include_directories(bb_kernels PUBLIC "${PROJECT_SOURCE_DIR}/src/cpp")

# bb_isa(name flags...): compiles every file of kernels/isa for one instruction set.
function(bb_isa name)
  string(TOUPPER "${name}" upper)
  add_library(bb_k_${name} OBJECT ${_isa_sources})
  target_compile_definitions(bb_k_${name} PRIVATE BB_KERNEL_ISA=${name} BB_KERNEL_${upper}=1)
  # Debug is optimized too: otherwise inline std functions stay weak symbols that clash between
  # instruction sets. g++ 12 warns of uninitialized values inside its own AVX-512 headers.
  target_compile_options(bb_k_${name} PRIVATE ${ARGN} $<$<CONFIG:Debug>:-O2> -fno-exceptions
                         -Wno-maybe-uninitialized -Wno-uninitialized)
  # The kernels' bounds_test puts arrays beside guard pages, which needs no instrumentation.
  if(BB_SANITIZE AND NOT BB_SANITIZE_KERNELS)
    target_compile_options(bb_k_${name} PRIVATE -fno-sanitize=all -O2)
  endif()
  target_link_libraries(bb_k_${name} PRIVATE bb_flags bb_xsimd)
  target_sources(bb_kernels PRIVATE $<TARGET_OBJECTS:bb_k_${name}>)
endfunction()

bb_isa(scalar)
if(NOT BB_SCALAR_ONLY)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    bb_isa(v3 -mavx2 -mfma -mf16c)
    bb_isa(v4 -mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512cd
           -mprefer-vector-width=512)
    target_compile_definitions(bb_kernels PRIVATE BB_HAVE_X86=1)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    bb_isa(neon)
    target_compile_definitions(bb_kernels PRIVATE BB_HAVE_NEON=1)
  endif()
endif()

option(BB_BUILD_BENCHMARKS "Build the C++ benchmarks" OFF)
if(BB_BUILD_BENCHMARKS)
  add_executable(bench_kernels "${PROJECT_SOURCE_DIR}/benchmarks/bench_kernels.cpp")
  target_link_libraries(bench_kernels PRIVATE bb_flags bb_kernels)
endif()
