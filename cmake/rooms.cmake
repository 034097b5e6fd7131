# bb_room(path deps...): one static library per room, bb_<path with _>, from every .cpp in its folder.
function(bb_room path)
  string(REPLACE "/" "_" name "bb_${path}")
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/cpp/bb/${path}/*.cpp")
  set(deps "")
  foreach(dep ${ARGN})
    string(REPLACE "/" "_" dep "bb_${dep}")
    list(APPEND deps ${dep})
  endforeach()
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PRIVATE bb_flags PUBLIC ${deps} Threads::Threads)
    target_include_directories(${name} PUBLIC "${PROJECT_SOURCE_DIR}/src/cpp")
    if(path STREQUAL "parts/backends")
      target_link_libraries(${name} PRIVATE bb_eigen)
    endif()
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${deps})
  endif()
endfunction()

set(BB_GEN "${CMAKE_CURRENT_BINARY_DIR}/gen")

# Static, hidden, lite protobuf library bb_pb_<name> from one schema.
function(_bb_proto_library name root file)
  string(REGEX REPLACE "\\.proto$" ".pb" stem "${file}")
  get_filename_component(folder "${BB_GEN}/${file}" DIRECTORY)
  file(MAKE_DIRECTORY "${folder}")
  add_custom_command(
    OUTPUT "${BB_GEN}/${stem}.cc" "${BB_GEN}/${stem}.h"
    COMMAND protobuf::protoc --cpp_out=${BB_GEN} -I ${root} ${file}
    DEPENDS "${root}/${file}" VERBATIM)
  add_library(bb_pb_${name} STATIC "${BB_GEN}/${stem}.cc")
  target_include_directories(bb_pb_${name} SYSTEM PUBLIC "${BB_GEN}")
  target_link_libraries(bb_pb_${name} PUBLIC protobuf::libprotobuf-lite)
  target_compile_options(bb_pb_${name} PRIVATE -w)
endfunction()
_bb_proto_library(onnx "${ONNX_PACKAGE_PARENT}" onnx/onnx.proto)
_bb_proto_library(core "${PROJECT_SOURCE_DIR}/src/cpp" bb/wire/core.proto)

# bb_protobuf(room schema): lets one room include a generated schema.
function(bb_protobuf room schema)
  get_target_property(kind bb_${room} TYPE)
  if(NOT kind STREQUAL "INTERFACE_LIBRARY")
    target_link_libraries(bb_${room} PRIVATE bb_pb_${schema})
  endif()
endfunction()
