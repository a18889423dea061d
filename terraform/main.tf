# --- Buckets ----------------------------------------------------------------------------------------------------

locals {
  # No sooner than the last rollback to it; of versions that are kept for ever, in a hundred years.
  archive_days = max(var.lifecycle_days.archive, var.history.versions == 0 ? 0 : var.history.days == 0 ? 36500 : var.history.days)

  buckets = {
    raw = {
      archive_rules = {
        # Replaced versions of documents that can no longer be asked for: until then a rollback reads them at once.
        archived = {
          prefix            = "archived/"
          larger_than_bytes = 1
          transitions = [
            { days = local.archive_days, storage_class = "GLACIER" },
            { days = max(var.lifecycle_days.deep_archive, local.archive_days + 90), storage_class = "DEEP_ARCHIVE" },
          ]
        }
        # Live documents: a reindex reads them again, so they go where they can be read at once.
        originals = {
          prefix = "processed/"
          # That class bills every object as 128 KB at least.
          larger_than_bytes = 131072
          transitions       = [{ days = var.lifecycle_days.originals, storage_class = "GLACIER_IR" }]
        }
      }
      expiration_days         = {}
      noncurrent_archive_days = var.lifecycle_days.noncurrent_archive
    }
    # Vectors rebuild Chroma and answer for text that was embedded before: they stay where they are.
    embeddings = {
      archive_rules           = {}
      expiration_days         = { "jobs/" = var.lifecycle_days.job_reports }
      noncurrent_archive_days = null
    }
    config = { archive_rules = {}, expiration_days = {}, noncurrent_archive_days = null }
  }

  # Overrides that were left out must not reach the file as null: there, null is not "as in the rules above".
  ingestion_rules = merge(var.ingestion_rules, {
    prefixes = {
      for prefix, rules in var.ingestion_rules.prefixes : prefix => { for name, value in rules : name => value if value != null }
    }
  })

  config_objects = {
    "ingestion-rules/default.json" = jsonencode(local.ingestion_rules)
    "model-configs/default.json"   = jsonencode(var.model_config)
  }
}

module "bucket" {
  source   = "./modules/bucket"
  for_each = local.buckets

  name                       = local.bucket_names[each.key]
  kms_key_arn                = var.s3_kms_key_arn
  force_destroy              = var.force_destroy_buckets
  archive_rules              = each.value.archive_rules
  expiration_days            = each.value.expiration_days
  noncurrent_archive_days    = each.value.noncurrent_archive_days
  noncurrent_expiration_days = var.lifecycle_days.noncurrent_expiration
  incomplete_upload_days     = var.lifecycle_days.incomplete_upload
}

resource "aws_s3_object" "config" {
  for_each = local.config_objects

  bucket       = module.bucket["config"].name
  key          = each.key
  content      = each.value
  content_type = "application/json"

  # With it, an edit by hand shows as a difference. Under KMS an ETag is not the content's MD5.
  etag = var.s3_kms_key_arn == null ? md5(each.value) : null
}

# The pipeline moves objects to processed/, failed/ and archived/ by copying and deleting. So new objects count under
# incoming/ only, or each copy would be taken in again. Removals count where a person deletes a document: those that
# are the pipeline's own moves the function tells apart by looking where the document is now.
resource "aws_s3_bucket_notification" "raw" {
  bucket = module.bucket["raw"].name

  lambda_function {
    id                  = "uploaded"
    lambda_function_arn = module.function["document-intake"].arn
    events              = ["s3:ObjectCreated:*"]
    filter_prefix       = "incoming/"
  }

  lambda_function {
    id                  = "withdrawn"
    lambda_function_arn = module.function["document-intake"].arn
    events              = ["s3:ObjectRemoved:*"]
    filter_prefix       = "incoming/"
  }

  lambda_function {
    id                  = "deleted"
    lambda_function_arn = module.function["document-intake"].arn
    events              = ["s3:ObjectRemoved:*"]
    filter_prefix       = "processed/"
  }

  # S3 tries the permission when the notification is set.
  depends_on = [aws_lambda_permission.raw_bucket]
}

resource "aws_lambda_permission" "raw_bucket" {
  statement_id   = "AllowRawBucket"
  action         = "lambda:InvokeFunction"
  function_name  = module.function["document-intake"].name
  principal      = "s3.amazonaws.com"
  source_arn     = local.bucket_arns.raw
  source_account = local.account_id
}

# --- Tables -----------------------------------------------------------------------------------------------------

locals {
  tables = {
    document_registry = {
      partition_key = { name = "document_id", type = "S" }
      sort_key      = { name = "version", type = "N" }
      indexes = {
        status-upload_timestamp-index = {
          partition_key = { name = "status", type = "S" }
          sort_key      = { name = "upload_timestamp", type = "S" }
        }
      }
    }
    embedding_chunks = {
      partition_key = { name = "chunk_id", type = "S" }
      sort_key      = { name = "document_id", type = "S" }
      indexes = {
        document_id-chunk_index-index = {
          partition_key = { name = "document_id", type = "S" }
          sort_key      = { name = "chunk_index", type = "N" }
        }
      }
    }
    ingestion_jobs = {
      partition_key = { name = "job_id", type = "S" }
      sort_key      = null
      indexes = {
        status-started_at-index = {
          partition_key = { name = "status", type = "S" }
          sort_key      = { name = "started_at", type = "S" }
        }
      }
    }
    # Where the vectors of a text are backed up, by model fingerprint and hash of the text.
    embedding_vectors = {
      partition_key = { name = "vector_id", type = "S" }
      sort_key      = null
      indexes       = {}
    }
    # What was asked and answered before, for follow-up questions; deleted some days after the last turn.
    conversations = {
      partition_key = { name = "conversation_id", type = "S" }
      sort_key      = null
      indexes       = {}
      ttl_attribute = "expires_at"
    }
    # What was asked, so that an answer can be rated; both indexes hold only what was refused or rated.
    answers = {
      partition_key = { name = "answer_id", type = "S" }
      sort_key      = null
      indexes = {
        outcome-asked_at-index = {
          partition_key = { name = "outcome", type = "S" }
          sort_key      = { name = "asked_at", type = "S" }
        }
        rating-rated_at-index = {
          partition_key = { name = "rating", type = "S" }
          sort_key      = { name = "rated_at", type = "S" }
        }
      }
      ttl_attribute = "expires_at"
    }
    # Keys of the API as salted hashes; and the tokens that each has used in a day, which alone are deleted.
    api_keys = {
      partition_key = { name = "key_id", type = "S" }
      sort_key      = null
      indexes       = {}
      ttl_attribute = "remove_at"
    }
  }
}

module "table" {
  source   = "./modules/table"
  for_each = local.tables

  name                = local.table_names[each.key]
  partition_key       = each.value.partition_key
  sort_key            = each.value.sort_key
  indexes             = each.value.indexes
  ttl_attribute       = try(each.value.ttl_attribute, null)
  deletion_protection = var.deletion_protection
}

# --- Queues -----------------------------------------------------------------------------------------------------

locals {
  # The function that reads each queue.
  consumers = { for key, function in local.functions : function.queue => key if function.queue != null }
}

module "queue" {
  source   = "./modules/queue"
  for_each = local.queue_names

  name                       = each.value
  arn                        = local.queue_arns[each.key]
  dead_letter_name           = local.dlq_names[each.key]
  dead_letter_arn            = local.dlq_arns[each.key]
  consumer_timeout_seconds   = var.function_settings[local.consumers[each.key]].timeout_seconds
  visibility_timeout_seconds = var.visibility_timeout_seconds
  max_receive_count          = var.max_receive_count
}

# Events that never became a message: those that S3 or a rule handed over and that failed for good. Apart from the
# queues' own dead letters, because a redrive of those sends them back to a queue, and these came from none.
module "events_dead_letter_queue" {
  source = "./modules/dead_letter_queue"

  name                = local.dlq_names.events
  arn                 = local.dlq_arns.events
  publisher_rule_arns = values(local.rule_arns)
}

# --- Functions --------------------------------------------------------------------------------------------------

# A first deployment to AWS makes these alone (-target=module.repository), then the images are pushed, then the rest.
module "repository" {
  source   = "./modules/repository"
  for_each = var.create_ecr_repositories ? local.function_names : {}

  name         = "${local.prefix}/${each.value}"
  function_arn = local.function_arns[each.key]
}

module "function" {
  source   = "./modules/function"
  for_each = local.functions

  name        = local.function_names[each.key]
  role_name   = "${local.prefix}-${local.function_names[each.key]}"
  description = each.value.description

  image_uri    = "${var.create_ecr_repositories ? module.repository[each.key].url : "${var.image_registry}/${each.key}"}:${var.image_tag}"
  architecture = var.architecture

  timeout_seconds      = var.function_settings[each.key].timeout_seconds
  memory_mb            = var.function_settings[each.key].memory_mb
  reserved_concurrency = var.function_settings[each.key].reserved_concurrency
  environment          = local.function_environment

  statements         = local.function_statements[each.key]
  log_level          = var.log_level
  log_retention_days = var.log_retention_days
  tracing_enabled    = var.tracing_enabled
  vpc_config         = local.functions_vpc_config

  queue = each.value.queue == null ? null : {
    arn                 = module.queue[each.value.queue].arn
    batch_size          = each.value.batch_size
    maximum_concurrency = var.function_settings[each.key].maximum_concurrency
  }

  on_failure = each.value.retries == null ? null : {
    queue_arn              = module.events_dead_letter_queue.arn
    maximum_retry_attempts = each.value.retries
  }

  recursive = try(each.value.recursive, false)
}

# --- Schedules --------------------------------------------------------------------------------------------------

locals {
  schedules = {
    daily-reindex = {
      description               = "Rebuilds the index at 2 AM (UTC), if it is needed"
      expression                = "cron(0 2 * * ? *)"
      function                  = "batch-reindex"
      input                     = jsonencode({ job_type = "REINDEX", triggered_by = "SCHEDULED", if_needed = true })
      maximum_event_age_seconds = 6 * 3600
    }
    process-monitoring = {
      description               = "Checks the pipeline's health every five minutes"
      expression                = "rate(5 minutes)"
      function                  = "check-health"
      input                     = null
      maximum_event_age_seconds = 300
    }
  }
}

module "schedule" {
  source   = "./modules/schedule"
  for_each = local.schedules

  name                      = local.rule_names[each.key]
  description               = each.value.description
  expression                = each.value.expression
  function_name             = module.function[each.value.function].name
  function_arn              = module.function[each.value.function].arn
  input                     = each.value.input
  dead_letter_queue_arn     = module.events_dead_letter_queue.arn
  maximum_event_age_seconds = each.value.maximum_event_age_seconds
}

# --- Monitoring -------------------------------------------------------------------------------------------------

module "monitoring" {
  source = "./modules/monitoring"

  topic_name     = "${local.prefix}-alarms${local.suffix}"
  dashboard_name = "${local.prefix}-pipeline${local.suffix}"
  account_id     = local.account_id
  region         = local.region
  partition      = local.partition
  emulated       = local.account_id == "000000000000" # No account of AWS's; every emulator's by default.
  emails         = var.alarm_emails
  namespace      = local.metrics_namespace

  alarms = {
    "${local.prefix}-high-error-rate${local.suffix}" = {
      description = "More than ${var.alarm_thresholds.failure_rate_percent} % of the documents that ended did so as FAILED. `rag status` shows why."
      metric      = "FailureRate"
      statistic   = "Average"
      threshold   = var.alarm_thresholds.failure_rate_percent
    }
    "${local.prefix}-slow-processing${local.suffix}" = {
      description = "Documents took more than ${var.alarm_thresholds.processing_seconds} s on average from intake to COMPLETED, over 5 minutes."
      metric      = "ProcessingDuration"
      statistic   = "Average"
      threshold   = var.alarm_thresholds.processing_seconds
    }
    "${local.prefix}-queue-depth${local.suffix}" = {
      description = "More than ${var.alarm_thresholds.queue_depth} messages wait in a queue."
      metric      = "QueueDepth"
      statistic   = "Maximum"
      threshold   = var.alarm_thresholds.queue_depth
    }
    "${local.prefix}-dead-letters${local.suffix}" = {
      description = "Messages failed for good and wait in a dead-letter queue."
      metric      = "DeadLetters"
      statistic   = "Maximum"
      threshold   = var.alarm_thresholds.dead_letters
    }
  }

  function_names          = values(local.function_names)
  queue_names             = values(local.queue_names)
  dead_letter_queue_names = values(local.dlq_names)
}
