# Looks for Arrow's C++ library with Parquet: a CMake package (modules, conda, distributions), else the one inside a pyarrow
# wheel, which has neither a CMake package nor names without versions. Sets LTA_HAVE_PARQUET, and then makes the target
# lta_arrow_library.
set(LTA_HAVE_PARQUET OFF)
set(LTA_PYTHON "" CACHE FILEPATH "Python whose pyarrow gives Parquet, if there is no CMake package of Arrow (default: .build/venv/bin/python, else python3)")
if(LTA_PARQUET STREQUAL "OFF")
  message(STATUS "Parquet: off")
  return()
endif()

# what is missing, said or fatal
macro(lta_without_parquet reason)
  if(LTA_PARQUET STREQUAL "ON")
    message(FATAL_ERROR "LTA_PARQUET=ON, but ${reason}")
  endif()
  message(STATUS "Parquet: off, ${reason}")
  return()
endmacro()

if(NOT LTA_HAVE_CXX)
  lta_without_parquet("there is no C++ compiler")
endif()
if(NOT "cxx_std_20" IN_LIST CMAKE_CXX_COMPILE_FEATURES)
  lta_without_parquet("the C++ compiler knows no C++20")
endif()

find_package(Parquet CONFIG QUIET)
if(Parquet_FOUND)
  add_library(lta_arrow_library INTERFACE)
  target_link_libraries(lta_arrow_library INTERFACE
    $<IF:$<TARGET_EXISTS:Parquet::parquet_shared>,Parquet::parquet_shared,Parquet::parquet_static>)
  set(LTA_HAVE_PARQUET ON)
  message(STATUS "Parquet: Arrow ${Parquet_VERSION}, CMake package in ${Parquet_DIR}")
  return()
endif()

set(python "${LTA_PYTHON}")
if(NOT python AND EXISTS ${PROJECT_SOURCE_DIR}/.build/venv/bin/python)
  set(python ${PROJECT_SOURCE_DIR}/.build/venv/bin/python)
elseif(NOT python)
  set(python python3)
endif()
execute_process(
  COMMAND ${python} -c "import pyarrow; print(pyarrow.__version__, pyarrow.get_include(), *pyarrow.get_library_dirs(), sep=';', end='')"
  OUTPUT_VARIABLE pyarrow RESULT_VARIABLE failed ERROR_QUIET)
if(NOT failed EQUAL 0)
  lta_without_parquet("no CMake package Parquet was found, and ${python} has no pyarrow (-DLTA_PYTHON=...)")
endif()
list(POP_FRONT pyarrow version include)
foreach(name IN ITEMS arrow parquet)
  set(found "")
  foreach(folder IN LISTS pyarrow)
    file(GLOB candidates ${folder}/lib${name}.so.* ${folder}/lib${name}.*.dylib)
    list(APPEND found ${candidates})
  endforeach()
  if(NOT found)
    lta_without_parquet("the pyarrow of ${python} comes without lib${name}")
  endif()
  list(GET found 0 found)
  add_library(lta_arrow_${name} SHARED IMPORTED)
  set_target_properties(lta_arrow_${name} PROPERTIES
    IMPORTED_LOCATION ${found}
    INTERFACE_INCLUDE_DIRECTORIES ${include})
endforeach()
add_library(lta_arrow_library INTERFACE)
target_link_libraries(lta_arrow_library INTERFACE lta_arrow_parquet lta_arrow_arrow)
# this libparquet exports the OpenSSL inside it: whoever uses ours must find ours first
set_property(TARGET OpenSSL::Crypto APPEND PROPERTY INTERFACE_LINK_LIBRARIES lta_arrow_library)
set(LTA_HAVE_PARQUET ON)
message(STATUS "Parquet: Arrow ${version}, pyarrow in ${include}")
