# The region comes from AWS_DEFAULT_REGION (or the profile), as for every other part of the project; against an
# emulator `tflocal` adds it, the endpoints and dummy credentials to this block.
provider "aws" {
  default_tags {
    tags = local.tags
  }
}
