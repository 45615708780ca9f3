# What `cmake --install` puts where: the tools, libwean with its headers, and what find_package(wean) and pkg-config read.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(wean_tools GLOBAL PROPERTY WEAN_TOOLS)
install(TARGETS ${wean_tools} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# The tools find libwean beside them wherever the tree is moved to, and LibTorch where it was at build time.
set_target_properties(${wean_tools} PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")

if(NOT TARGET wean_runtime)
  return()
endif()
set_target_properties(wean_runtime PROPERTIES EXPORT_NAME runtime)
install(TARGETS wean_runtime EXPORT wean-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/runtime/include/wean DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

if(TARGET wean_torch)
  # For LibTorch programs: torch.ops.load_library, or dlopen.
  set_target_properties(wean_torch PROPERTIES INSTALL_RPATH "$ORIGIN")
  install(TARGETS wean_torch LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()

set(wean_package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/wean)
install(EXPORT wean-targets NAMESPACE wean:: DESTINATION ${wean_package_folder})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/wean-config.cmake.in ${CMAKE_BINARY_DIR}/wean-config.cmake
  INSTALL_DESTINATION ${wean_package_folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/wean-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_BINARY_DIR}/wean-config.cmake ${CMAKE_BINARY_DIR}/wean-config-version.cmake DESTINATION ${wean_package_folder})

configure_file(${CMAKE_CURRENT_LIST_DIR}/wean.pc.in ${CMAKE_BINARY_DIR}/wean.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/wean.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
