# What cannot work is refused before anything is made. A run holds one mistake for each variable that it names.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "wrong_names_and_addresses" {
  command = plan

  variables {
    name_suffix                    = "Prod"
    image_tag                      = "my tag"
    image_registry                 = "https://registry.example.com"
    architecture                   = "mips"
    vpc_config                     = { subnet_ids = [], security_group_ids = ["sg-1"] }
    log_level                      = "LOUD"
    otel_exporter_otlp_endpoint    = "collector:4318"
    log_retention_days             = 31
    chroma_url                     = "chromadb:8000"
    aws_endpoint_url_for_functions = "http://emulator:4566/path"
    chroma_collection              = "x"
    chroma_partitions              = 101

    embedding_compatible_fingerprints = "fp32"
    s3_kms_key_arn                    = "alias/aws/s3"
    max_receive_count                 = 0
    alarm_emails                      = ["oncall"]
    alarm_thresholds                  = { failure_rate_percent = 100 }
  }

  expect_failures = [
    var.name_suffix,
    var.image_tag,
    var.image_registry,
    var.architecture,
    var.vpc_config,
    var.log_level,
    var.otel_exporter_otlp_endpoint,
    var.log_retention_days,
    var.chroma_url,
    var.aws_endpoint_url_for_functions,
    var.chroma_collection,
    var.chroma_partitions,
    var.embedding_compatible_fingerprints,
    var.s3_kms_key_arn,
    var.max_receive_count,
    var.alarm_emails,
    var.alarm_thresholds,
  ]
}

run "chroma_cloud_in_clear_text" {
  command = plan

  variables {
    chroma_cloud   = { url = "http://chroma.example.com" }
    chroma_api_key = "ck-test"
  }

  expect_failures = [var.chroma_cloud]
}

run "chroma_cloud_without_a_key" {
  command = plan

  variables {
    chroma_cloud = {}
  }

  expect_failures = [var.chroma_cloud]
}

run "a_name_that_chroma_cloud_has_no_room_for" {
  command = plan

  variables {
    chroma_cloud      = {}
    chroma_api_key    = "ck-test"
    chroma_collection = "a-collection-whose-name-is-itself-of-the-length-that-chroma-cloud-takes-and-leaves-no-room-for-what-a-rebuilt-index-adds-to-it"
  }

  expect_failures = [var.chroma_cloud]
}

run "a_name_that_would_be_read_as_that_of_an_index_of_several_collections" {
  command = plan

  variables {
    chroma_collection = "docs-1a2b3c4d-of4"
    chroma_partitions = 1.5
  }

  expect_failures = [var.chroma_collection, var.chroma_partitions]
}

run "chroma_cloud_without_a_way_out" {
  command = plan

  variables {
    deploy_services = true
    chroma_cloud    = {}
    chroma_api_key  = "ck-test"
    network         = { egress = "endpoints" }
  }

  expect_failures = [var.chroma_cloud]
}

run "over_the_limits_of_lambda" {
  command = plan

  variables {
    name_suffix       = "prod-"
    function_settings = { batch-reindex = { timeout_seconds = 901 } }
    model_config      = { embedding_backend = "tensorflow" }
    lifecycle_days    = { archive = 30, deep_archive = 60 }
    alarm_thresholds  = { queue_depth = -1 }
  }

  expect_failures = [
    var.name_suffix,
    var.function_settings,
    var.model_config,
    var.lifecycle_days,
    var.alarm_thresholds,
  ]
}

run "under_the_limits_of_lambda" {
  command = plan

  variables {
    function_settings = { check-health = { memory_mb = 64 } }
    model_config      = { temperature = 3 }
    lifecycle_days    = { noncurrent_archive = 30, noncurrent_expiration = 30 }
  }

  expect_failures = [var.function_settings, var.model_config, var.lifecycle_days]
}

run "under_the_limits_of_sqs" {
  command = plan

  variables {
    function_settings = { document-processor = { maximum_concurrency = 1 } }
    model_config      = { top_k = 2.5 }
    lifecycle_days    = { originals = 0 }
    max_receive_count = 1001
  }

  expect_failures = [
    var.function_settings,
    var.model_config,
    var.lifecycle_days,
    var.max_receive_count,
  ]
}

run "unknown_document_type" {
  command = plan

  variables {
    ingestion_rules = { allowed_types = ["md", "exe"] }
  }

  expect_failures = [var.ingestion_rules]
}

run "overlap_as_large_as_the_chunk" {
  command = plan

  variables {
    ingestion_rules = { chunk_size_tokens = 200, chunk_overlap_tokens = 200 }
  }

  expect_failures = [var.ingestion_rules]
}

run "overlap_of_a_prefix_as_large_as_its_chunk" {
  command = plan

  variables {
    ingestion_rules = { prefixes = { "short/" = { chunk_size_tokens = 100 } } }
  }

  expect_failures = [var.ingestion_rules]
}

run "window_beyond_what_the_model_reads" {
  command = plan

  variables {
    ingestion_rules = { window_tokens = 512 }
  }

  expect_failures = [var.ingestion_rules]
}

run "unknown_chunking_strategy" {
  command = plan

  variables {
    ingestion_rules = { prefixes = { "notes/" = { chunking_strategy = "magic" } } }
  }

  expect_failures = [var.ingestion_rules]
}

run "no_pages_at_all" {
  command = plan

  variables {
    ingestion_rules = { prefixes = { "pdf/" = { max_pages = 0 } } }
  }

  expect_failures = [var.ingestion_rules]
}

run "extraction_longer_than_the_function" {
  command = plan

  variables {
    ingestion_rules = { extraction_timeout_seconds = 50 }
  }

  expect_failures = [var.ingestion_rules]
}

run "extraction_larger_than_the_function" {
  command = plan

  variables {
    ingestion_rules = { extraction_memory_mb = 2048 }
  }

  expect_failures = [var.ingestion_rules]
}
