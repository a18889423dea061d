data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name

  prefix            = "portfolio"
  suffix            = var.name_suffix == "" ? "" : "-${var.name_suffix}"
  metrics_namespace = "PortfolioRAG"

  tags = merge(var.tags, { Project = "portfolio-rag", ManagedBy = "terraform" })

  # Every name, once.
  bucket_names   = { for key in ["raw", "embeddings", "config"] : key => "${local.prefix}-${key}${local.suffix}" }
  table_names    = { for key in ["document_registry", "embedding_chunks", "ingestion_jobs", "embedding_vectors", "conversations", "answers", "api_keys"] : key => "${key}${local.suffix}" }
  queue_names    = { for key in ["ingestion", "embedding"] : key => "${local.prefix}-${key}-queue${local.suffix}" }
  dlq_names      = { for key in ["ingestion", "embedding", "events"] : key => "${local.prefix}-${key}-dlq${local.suffix}" }
  function_names = { for key in keys(local.functions) : key => "${key}${local.suffix}" }
  rule_names     = { for key in ["daily-reindex", "process-monitoring"] : key => "${key}${local.suffix}" }

  # The ARNs that follow from the names. Policies are written with them, so that no role waits for the queues and
  # tables that it names: an apply is nearly all waiting, and this keeps its chains short.
  bucket_arns   = { for key, name in local.bucket_names : key => "arn:${local.partition}:s3:::${name}" }
  table_arns    = { for key, name in local.table_names : key => "arn:${local.partition}:dynamodb:${local.region}:${local.account_id}:table/${name}" }
  queue_arns    = { for key, name in local.queue_names : key => "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${name}" }
  dlq_arns      = { for key, name in local.dlq_names : key => "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${name}" }
  function_arns = { for key, name in local.function_names : key => "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${name}" }
  rule_arns     = { for key, name in local.rule_names : key => "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${name}" }

  stages = ["incoming", "processed", "failed", "archived"]

  # The names that the API, the command line and the functions must agree on: the variables of the same name.
  shared_environment = {
    S3_RAW_BUCKET           = local.bucket_names.raw
    S3_EMBEDDINGS_BUCKET    = local.bucket_names.embeddings
    S3_CONFIG_BUCKET        = local.bucket_names.config
    DYNAMODB_DOCUMENT_TABLE = local.table_names.document_registry
    DYNAMODB_CHUNKS_TABLE   = local.table_names.embedding_chunks
    DYNAMODB_JOBS_TABLE     = local.table_names.ingestion_jobs
    DYNAMODB_VECTORS_TABLE  = local.table_names.embedding_vectors
    SQS_INGESTION_QUEUE     = local.queue_names.ingestion
    SQS_EMBEDDING_QUEUE     = local.queue_names.embedding
    SQS_DLQ                 = local.dlq_names.ingestion
    SQS_EMBEDDING_DLQ       = local.dlq_names.embedding
    SQS_EVENTS_DLQ          = local.dlq_names.events
    MAX_RECEIVE_COUNT       = tostring(var.max_receive_count)
    REINDEX_FUNCTION        = local.function_names.batch-reindex
    CHUNK_SIZE              = tostring(var.ingestion_rules.chunk_size_tokens)
    CHUNK_OVERLAP           = tostring(var.ingestion_rules.chunk_overlap_tokens)
    EMBEDDING_MODEL         = var.model_config.embedding_model
    EMBEDDING_BACKEND       = var.model_config.embedding_backend
    CHROMA_COLLECTION       = var.chroma_collection
    CHROMA_PARTITIONS       = tostring(var.chroma_partitions)
    METRICS_NAMESPACE       = local.metrics_namespace
    GPT_MODEL               = var.model_config.gpt_model
    HISTORY_VERSIONS        = tostring(var.history.versions)
    HISTORY_DAYS            = tostring(var.history.days)
  }

  tracing_environment = var.otel_exporter_otlp_endpoint == "" ? {} : {
    OTEL_EXPORTER_OTLP_ENDPOINT = var.otel_exporter_otlp_endpoint
  }

  compatible_fingerprints = var.embedding_compatible_fingerprints == "" ? {} : {
    EMBEDDING_COMPATIBLE_FINGERPRINTS = var.embedding_compatible_fingerprints
  }

  # AWS_DEFAULT_REGION and the credentials are not here: Lambda sets them itself and refuses them from anyone else.
  function_environment = merge(
    local.shared_environment,
    { CHROMA_URL = local.chroma_url, LOG_LEVEL = var.log_level },
    local.tracing_environment,
    local.chroma_place,
    local.compatible_fingerprints,
    var.chroma_cloud == null ? {} : { CHROMA_API_KEY = var.chroma_api_key },
    var.aws_endpoint_url_for_functions == "" ? {} : { AWS_ENDPOINT_URL = var.aws_endpoint_url_for_functions },
  )

  functions = {
    document-intake = {
      description = "Validates and registers what is put into or deleted from the raw bucket"
      may         = ["read_config", "read_originals", "move_originals", "change_versions", "register_versions", "purge", "read_vectors", "send_ingestion", "send_failed_events", "publish_metrics"]
      queue       = null
      # S3 invokes it asynchronously.
      retries = 2
    }
    document-processor = {
      description = "Extracts, sanitises and chunks documents"
      may         = ["read_config", "read_originals", "move_originals", "change_versions", "register_versions", "purge", "read_vectors", "create_chunks", "stage_text", "receive_ingestion", "send_ingestion", "send_embedding", "publish_metrics"]
      queue       = "ingestion"
      # A document may take seconds or a minute, and none waits for another one that happened to come with it.
      batch_size = 1
      retries    = null
    }
    embedding-generator = {
      description = "Embeds chunks, stores them in Chroma and backs their vectors up"
      may         = ["read_config", "read_originals", "move_originals", "change_versions", "purge", "mark_chunks", "back_up_vectors", "remember_vectors", "receive_embedding", "send_embedding", "publish_metrics"]
      queue       = "embedding"
      # So many messages share one run of the model and one write; each is a second's work at most.
      batch_size = 10
      retries    = null
    }
    batch-reindex = {
      description = "Runs batch ingestions and rebuilds the index beside the live one"
      may         = ["read_config", "read_originals", "move_originals", "change_versions", "register_versions", "all_heads", "purge", "back_up_vectors", "run_jobs", "report_jobs", "continue_jobs", "send_ingestion", "send_failed_events", "publish_metrics"]
      queue       = null
      # Started by a rule, the API, check-health, or itself. A run that failed goes on where it was, once: after that,
      # check-health has it go on.
      retries = 1
      # A job with more to do than one invocation can invokes the function again, for weeks if need be. Lambda counts
      # invocations of one function by itself, asynchronous ones too, and stops the chain at about the 16th, so that the
      # rest of a job would wait for check-health. What bounds it instead: one invocation at a time can take a job,
      # each of them gets on or ends it, and pipeline/jobs/runner.py ends it after 2,000.
      recursive = true
    }
    check-health = {
      description = "Checks Chroma, queues and documents, publishes metrics, drives stuck documents again"
      may         = ["read_config", "read_originals", "move_originals", "change_versions", "register_versions", "versions_by_status", "purge", "read_vectors", "end_vanished_jobs", "continue_jobs", "watch_queues", "send_ingestion", "send_failed_events", "publish_metrics"]
      queue       = null
      # The next check is five minutes away.
      retries = 0
    }
  }
}
