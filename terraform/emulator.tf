# What only an emulator needs said. tflocal writes this file for as long as it runs.
locals {
  tflocal_override = "${path.module}/localstack_providers_override.tf"
  tflocal_settings = fileexists(local.tflocal_override) ? file(local.tflocal_override) : ""
}

check "host_name_of_s3_under_tflocal" {
  assert {
    condition     = !strcontains(local.tflocal_settings, "s3.localhost.localstack.cloud")
    error_message = "tflocal takes LocalStack's name s3.localhost.localstack.cloud for S3. Where the DNS does not answer to the names below it (offline, behind a company's resolver), buckets fail with \"no such host\": then set S3_HOSTNAME=127.0.0.1 and AWS_ENDPOINT_URL=http://127.0.0.1:4566 (the emulator's port) and run tflocal again."
  }
}
