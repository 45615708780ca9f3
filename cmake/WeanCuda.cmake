# The CUDA kernels: on where an nvcc is found, and everything builds without.
find_program(WEAN_NVCC NAMES ${CMAKE_CUDA_COMPILER} $ENV{CUDACXX} nvcc HINTS /usr/local/cuda/bin)
# cudaGetDriverEntryPointByVersion is of 12.5, and ptxas of 12.5 adds waits to the kernels of sm_90a (C7517). That of 12.8
# compiles them like that of 13.0, which the figures are from: as many registers, no spills, no remarks.
set(wean_nvcc_oldest 12.8)
set(wean_cuda_default OFF)
if(WEAN_NVCC AND NOT WEAN_SANITIZE AND NOT DEFINED WEAN_CUDA)
  execute_process(COMMAND ${WEAN_NVCC} --version OUTPUT_VARIABLE version ERROR_QUIET)
  string(REGEX MATCH "release ([0-9.]+)" version "${version}")
  if(CMAKE_MATCH_1 VERSION_LESS wean_nvcc_oldest)
    message(WARNING "${WEAN_NVCC} is of CUDA '${CMAKE_MATCH_1}', the kernels need ${wean_nvcc_oldest} or newer: building without them")
  else()
    set(wean_cuda_default ON)
  endif()
endif()
option(WEAN_CUDA "Build the CUDA kernels (nvcc ${wean_nvcc_oldest} or newer)" ${wean_cuda_default})
if(WEAN_CUDA)
  if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX} AND WEAN_NVCC)
    set(CMAKE_CUDA_COMPILER "${WEAN_NVCC}" CACHE FILEPATH "")
  endif()
  # Each target says itself what it is compiled for; this is for CMake's own check of the compiler.
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80)
  endif()
  enable_language(CUDA)
  if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS wean_nvcc_oldest)
    message(FATAL_ERROR "${CMAKE_CUDA_COMPILER} is of CUDA ${CMAKE_CUDA_COMPILER_VERSION}, the kernels need ${wean_nvcc_oldest} or newer; "
      "-DWEAN_CUDA=OFF builds without them")
  endif()
  if(NOT DEFINED CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know it of nvcc 13
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
  endif()
  set(CMAKE_CUDA_STANDARD 20)
  set(CMAKE_CUDA_STANDARD_REQUIRED ON)
  set(CMAKE_CUDA_EXTENSIONS OFF)
  find_package(CUDAToolkit REQUIRED)
  set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
  set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
endif()

# wean_add_kernels(name GENCODE flags... SOURCES x.cu ...): objects that wean_kernels takes in. What ptxas says is
# kept beside each object; a warning that costs speed is an error.
function(wean_add_kernels name)
  cmake_parse_arguments(ARG "" "" "GENCODE;SOURCES" ${ARGN})
  add_library(${name} OBJECT ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES CUDA_ARCHITECTURES OFF)
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_compile_options(${name} PRIVATE ${ARG_GENCODE} -Xptxas -v --expt-relaxed-constexpr
    $<$<BOOL:${WEAN_WERROR}>:-Werror=all-warnings>)
endfunction()
