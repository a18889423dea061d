# Buckets and tables: protected, versioned, archived, with the keys that the code reads by.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "notifications_start_the_pipeline_once" {
  command = plan

  assert {
    condition = toset([
      for target in aws_s3_bucket_notification.raw.lambda_function : "${target.filter_prefix} ${join(",", target.events)}"
      ]) == toset([
      "incoming/ s3:ObjectCreated:*",
      "incoming/ s3:ObjectRemoved:*",
      "processed/ s3:ObjectRemoved:*",
    ])
    error_message = "The raw bucket does not notify exactly of uploads, and of removals from incoming/ and processed/."
  }

  # The pipeline moves objects by copying them to these: a notification would take each copy in again.
  assert {
    condition = alltrue(flatten([
      for target in aws_s3_bucket_notification.raw.lambda_function : [
        for prefix in ["processed/", "failed/", "archived/"] : [
          for event in target.events :
          !(strcontains(event, "ObjectCreated") && (startswith(prefix, coalesce(target.filter_prefix, "")) || startswith(coalesce(target.filter_prefix, ""), prefix)))
        ]
      ]
    ]))
    error_message = "A copy that the pipeline makes would start it again."
  }

  assert {
    condition = (
      aws_lambda_permission.raw_bucket.principal == "s3.amazonaws.com"
      && aws_lambda_permission.raw_bucket.source_arn == "arn:aws:s3:::portfolio-raw"
      && aws_lambda_permission.raw_bucket.source_account == "123456789012"
      && aws_lambda_permission.raw_bucket.function_name == "document-intake"
    )
    error_message = "Others than our raw bucket may invoke document-intake."
  }
}

run "config_bucket_holds_what_the_functions_obey" {
  command = plan

  variables {
    ingestion_rules = {
      max_pages = 100
      prefixes  = { "contracts/" = { chunk_size_tokens = 400, chunk_overlap_tokens = 50 } }
    }
  }

  assert {
    condition = jsondecode(aws_s3_object.config["ingestion-rules/default.json"].content) == {
      allowed_types                  = ["md", "txt", "pdf", "html", "docx", "xlsx", "pptx", "csv", "tsv", "json", "jsonl", "ipynb", "eml", "epub"]
      max_file_size_bytes            = 52428800
      chunk_size_tokens              = 1000
      chunk_overlap_tokens           = 200
      window_tokens                  = 128
      chunking_strategy              = "structure"
      semantic_breakpoint_percentile = 95
      semantic_buffer_sentences      = 1
      max_pages                      = 100
      max_characters                 = 20000000
      extraction_timeout_seconds     = 35
      extraction_memory_mb           = 1280
      ocr                            = "auto"
      ocr_languages                  = ["en"]
      ocr_max_pages                  = 1000
      ocr_page_timeout_seconds       = 30
      prefixes                       = { "contracts/" = { chunk_size_tokens = 400, chunk_overlap_tokens = 50 } }
    }
    error_message = "The ingestion rules are not the defaults with the overrides, and nothing else."
  }

  assert {
    condition = jsondecode(aws_s3_object.config["model-configs/default.json"].content) == {
      embedding_model   = "sentence-transformers/all-MiniLM-L6-v2"
      embedding_backend = "onnx"
      gpt_model         = "gpt-4o-mini"
      prices            = {}
      temperature       = 0.1
      top_k             = 5
    }
    error_message = "The model configuration is not the default."
  }

  assert {
    condition     = alltrue([for object in aws_s3_object.config : object.etag == md5(object.content)])
    error_message = "An edit by hand would not show as a difference."
  }
}

run "raw_bucket" {
  command = plan

  module {
    source = "./modules/bucket"
  }

  variables {
    name          = "portfolio-raw"
    force_destroy = false
    archive_rules = {
      archived = {
        prefix            = "archived/"
        larger_than_bytes = 1
        transitions       = [{ days = 30, storage_class = "GLACIER" }, { days = 180, storage_class = "DEEP_ARCHIVE" }]
      }
    }
    noncurrent_archive_days    = 30
    noncurrent_expiration_days = 365
    incomplete_upload_days     = 7
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "The bucket is not versioned."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "The bucket is not encrypted."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "The bucket could be made public."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "Access lists are still in force."
  }

  assert {
    condition     = jsondecode(aws_s3_bucket_policy.this.policy).Statement[0].Effect == "Deny" && jsondecode(aws_s3_bucket_policy.this.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    error_message = "The bucket takes requests without TLS."
  }

  assert {
    condition = (
      aws_s3_bucket_lifecycle_configuration.this.rule[0].filter[0].and[0].prefix == "archived/"
      && toset([for transition in aws_s3_bucket_lifecycle_configuration.this.rule[0].transition : "${transition.days} ${transition.storage_class}"]) == toset(["30 GLACIER", "180 DEEP_ARCHIVE"])
    )
    error_message = "What is archived does not move to cold storage."
  }

  assert {
    condition = (
      aws_s3_bucket_lifecycle_configuration.this.rule[0].filter[0].and[0].object_size_greater_than == 1
      && aws_s3_bucket_lifecycle_configuration.this.rule[1].filter[0].object_size_greater_than == 1
    )
    error_message = "Without a lower bound of its own, S3 archives nothing under 128 KB."
  }

  assert {
    condition     = one(aws_s3_bucket_lifecycle_configuration.this.rule[1].noncurrent_version_transition).noncurrent_days == 30
    error_message = "Old noncurrent versions do not move to cold storage."
  }

  assert {
    condition = (
      aws_s3_bucket_lifecycle_configuration.this.rule[2].noncurrent_version_expiration[0].noncurrent_days == 365
      && aws_s3_bucket_lifecycle_configuration.this.rule[2].expiration[0].expired_object_delete_marker
      && aws_s3_bucket_lifecycle_configuration.this.rule[2].abort_incomplete_multipart_upload[0].days_after_initiation == 7
    )
    error_message = "Old versions, lone delete markers or unfinished uploads would stay for ever."
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.status == "Enabled"])
    error_message = "A lifecycle rule is off."
  }
}

run "bucket_under_a_key" {
  command = plan

  module {
    source = "./modules/bucket"
  }

  variables {
    name                       = "portfolio-config"
    force_destroy              = false
    kms_key_arn                = "arn:aws:kms:eu-central-1:123456789012:key/1"
    noncurrent_expiration_days = 365
    incomplete_upload_days     = 7
  }

  assert {
    condition = (
      one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
      && one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).kms_master_key_id == "arn:aws:kms:eu-central-1:123456789012:key/1"
      && one(aws_s3_bucket_server_side_encryption_configuration.this.rule).bucket_key_enabled
    )
    error_message = "The bucket is not encrypted with the key."
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this.rule) == 1
    error_message = "A bucket without archive rules must only lose what is old or unfinished."
  }
}

run "bucket_that_forgets_reports" {
  command = plan

  module {
    source = "./modules/bucket"
  }

  variables {
    name                       = "portfolio-embeddings"
    force_destroy              = false
    expiration_days            = { "jobs/" = 365 }
    noncurrent_expiration_days = 365
    incomplete_upload_days     = 7
  }

  assert {
    condition = (
      aws_s3_bucket_lifecycle_configuration.this.rule[0].filter[0].prefix == "jobs/"
      && aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == 365
      && aws_s3_bucket_lifecycle_configuration.this.rule[0].status == "Enabled"
      && length(aws_s3_bucket_lifecycle_configuration.this.rule) == 2
    )
    error_message = "Reports of old jobs would stay for ever, or something else would go."
  }
}

run "embeddings_keep_all_but_reports" {
  command = plan

  assert {
    condition     = jsonencode(local.buckets.embeddings.expiration_days) == jsonencode({ "jobs/" = 365 })
    error_message = "Of the embeddings' bucket, nothing but reports of jobs may expire."
  }

  assert {
    condition     = alltrue([for name in ["raw", "config"] : length(local.buckets[name].expiration_days) == 0])
    error_message = "Documents and configuration must not expire."
  }
}

run "keys_and_indexes" {
  command = plan

  assert {
    condition = {
      for key, table in local.tables : key => [table.partition_key.name, try(table.sort_key.name, null)]
      } == {
      document_registry = ["document_id", "version"]
      embedding_chunks  = ["chunk_id", "document_id"]
      ingestion_jobs    = ["job_id", null]
      embedding_vectors = ["vector_id", null]
      conversations     = ["conversation_id", null]
      answers           = ["answer_id", null]
      api_keys          = ["key_id", null]
    }
    error_message = "Keys are not those of the architecture."
  }

  assert {
    condition     = { for key, table in local.tables : key => table.ttl_attribute if can(table.ttl_attribute) } == { conversations = "expires_at", answers = "expires_at", api_keys = "remove_at" }
    error_message = "Conversations, answers and the daily use of keys, and nothing else, must expire."
  }

  assert {
    condition = merge([
      for table in values(local.tables) : { for name, index in table.indexes : name => [index.partition_key.name, index.sort_key.name] }
      ]...) == {
      status-upload_timestamp-index = ["status", "upload_timestamp"]
      document_id-chunk_index-index = ["document_id", "chunk_index"]
      status-started_at-index       = ["status", "started_at"]
      outcome-asked_at-index        = ["outcome", "asked_at"]
      rating-rated_at-index         = ["rating", "rated_at"]
    }
    error_message = "Indexes are not those of the architecture."
  }
}

run "table_whose_items_expire" {
  command = plan

  module {
    source = "./modules/table"
  }

  variables {
    name                = "conversations"
    partition_key       = { name = "conversation_id", type = "S" }
    ttl_attribute       = "expires_at"
    deletion_protection = false
  }

  assert {
    condition     = one(aws_dynamodb_table.this.ttl).attribute_name == "expires_at" && one(aws_dynamodb_table.this.ttl).enabled
    error_message = "Items do not expire."
  }
}

run "table" {
  command = plan

  module {
    source = "./modules/table"
  }

  variables {
    name          = "document_registry"
    partition_key = { name = "document_id", type = "S" }
    sort_key      = { name = "version", type = "N" }
    indexes = {
      status-upload_timestamp-index = {
        partition_key = { name = "status", type = "S" }
        sort_key      = { name = "upload_timestamp", type = "S" }
      }
    }
    deletion_protection = true
  }

  assert {
    condition = (
      aws_dynamodb_table.this.hash_key == "document_id"
      && aws_dynamodb_table.this.range_key == "version"
      && { for attribute in aws_dynamodb_table.this.attribute : attribute.name => attribute.type } == { document_id = "S", version = "N", status = "S", upload_timestamp = "S" }
    )
    error_message = "Keys or their types are wrong."
  }

  assert {
    condition = (
      one(aws_dynamodb_table.this.global_secondary_index).name == "status-upload_timestamp-index"
      && one(aws_dynamodb_table.this.global_secondary_index).projection_type == "ALL"
    )
    error_message = "The index is missing, or does not hold whole rows."
  }

  assert {
    condition = (
      aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST"
      && aws_dynamodb_table.this.point_in_time_recovery[0].enabled
      && aws_dynamodb_table.this.server_side_encryption[0].enabled
      && aws_dynamodb_table.this.deletion_protection_enabled
    )
    error_message = "The table is not on demand, recoverable, encrypted and protected."
  }
}
