def facts():
    print(native.package_name(), native.repository_name(), native.repo_name(), native.module_name(), native.module_version())
