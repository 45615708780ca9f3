# LibTorch as an own imported target, wean_torch_cpu: the headers and the two CPU libraries of the `torch` Python package.
# find_package(Torch) would ask for the CUDA toolkit when the package was built with CUDA; the tools need neither it nor
# CUDA headers: `--device cuda` loads libtorch_cuda.so at run time (models/device.h).
set(WEAN_TORCH_DIR "" CACHE PATH "Folder of the torch Python package (holds include/ and lib/); found through WEAN_PYTHON when empty")
if(NOT WEAN_TORCH_DIR)
  execute_process(COMMAND ${WEAN_PYTHON} -c "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
    OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set(WEAN_TORCH_DIR "${found}" CACHE PATH "" FORCE)
endif()
if(NOT EXISTS "${WEAN_TORCH_DIR}/include/ATen/ATen.h")
  message(FATAL_ERROR "WEAN_TORCH is ON but WEAN_TORCH_DIR='${WEAN_TORCH_DIR}' holds no LibTorch.\n"
    "Set WEAN_PYTHON to a Python with torch 2.11.0, or WEAN_TORCH_DIR to its torch folder, or WEAN_TORCH=OFF.")
endif()
add_library(wean_torch_cpu INTERFACE)
target_include_directories(wean_torch_cpu SYSTEM INTERFACE "${WEAN_TORCH_DIR}/include")
# By name, not by path: the folder also holds a libgomp, and CMake would warn that it may hide the system's.
target_link_options(wean_torch_cpu INTERFACE "-L${WEAN_TORCH_DIR}/lib")
target_link_libraries(wean_torch_cpu INTERFACE torch_cpu c10)
if(NOT SKBUILD)  # inside a wheel LibTorch is the one that `import torch` has loaded
  target_link_options(wean_torch_cpu INTERFACE "-Wl,-rpath,${WEAN_TORCH_DIR}/lib")
endif()
