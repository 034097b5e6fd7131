# The Python extension bytesandbrains._core from src/cpp/bb/bindings.
find_package(Python 3.10 COMPONENTS Interpreter Development.Module REQUIRED)
find_package(pybind11 CONFIG QUIET)
if(NOT pybind11_FOUND)
  execute_process(COMMAND ${Python_EXECUTABLE} -m pybind11 --cmakedir
                  OUTPUT_VARIABLE pybind11_DIR OUTPUT_STRIP_TRAILING_WHITESPACE)
  find_package(pybind11 CONFIG REQUIRED)
endif()
file(GLOB _binding_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/cpp/bb/bindings/*.cpp")
pybind11_add_module(_core NO_EXTRAS ${_binding_sources})
target_link_libraries(_core PRIVATE
  bb_flags bb_sim bb_node bb_engine bb_compiler bb_parts_aggregators bb_parts_attacks bb_parts_backends
  bb_parts_codecs bb_parts_selectors bb_parts_data bb_roles bb_wire bb_ir bb_kernels bb_tensor bb_base)
target_include_directories(_core PRIVATE "${PROJECT_SOURCE_DIR}/src/cpp")
set_target_properties(_core PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT BB_SANITIZE)
  pybind11_strip(_core)
endif()
install(TARGETS _core LIBRARY DESTINATION bytesandbrains)
