"""OCI images: `oci_image` for one platform, `oci_image_index` over several."""

load(":image.bzl", _ImageInfo = "ImageInfo", _oci_image = "oci_image")
load(":index.bzl", _oci_image_index = "oci_image_index")

ImageInfo = _ImageInfo

oci_image = _oci_image
oci_image_index = _oci_image_index
