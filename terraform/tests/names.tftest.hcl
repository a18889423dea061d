# Every resource of the architecture exists under its exact name, and a suffix reaches all of them.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "names_of_the_architecture" {
  command = plan

  assert {
    condition     = output.bucket_names == { raw = "portfolio-raw", embeddings = "portfolio-embeddings", config = "portfolio-config" }
    error_message = "Buckets are not those of the architecture."
  }

  assert {
    condition = output.table_names == {
      document_registry = "document_registry"
      embedding_chunks  = "embedding_chunks"
      ingestion_jobs    = "ingestion_jobs"
      embedding_vectors = "embedding_vectors"
      conversations     = "conversations"
      answers           = "answers"
      api_keys          = "api_keys"
    }
    error_message = "Tables are not those of the architecture, the vectors' index, the conversations, the answers and the keys."
  }

  assert {
    condition     = module.queue["ingestion"].name == "portfolio-ingestion-queue" && module.queue["embedding"].name == "portfolio-embedding-queue" && length(module.queue) == 2
    error_message = "Queues are not those of the architecture."
  }

  assert {
    condition = (
      module.queue["ingestion"].dead_letter_queue.name == "portfolio-ingestion-dlq"
      && module.queue["embedding"].dead_letter_queue.name == "portfolio-embedding-dlq"
      && module.events_dead_letter_queue.name == "portfolio-events-dlq"
    )
    error_message = "Dead-letter queues have other names."
  }

  assert {
    condition     = toset(values(output.function_names)) == toset(["document-intake", "document-processor", "embedding-generator", "batch-reindex", "check-health"])
    error_message = "Functions are not those of the architecture."
  }

  assert {
    condition     = alltrue([for key, name in output.log_group_names : name == "/aws/lambda/${key}"])
    error_message = "A log group is not where Lambda writes."
  }

  assert {
    condition     = toset([for schedule in module.schedule : "${schedule.name} ${schedule.expression}"]) == toset(["daily-reindex cron(0 2 * * ? *)", "process-monitoring rate(5 minutes)"])
    error_message = "Rules are not those of the architecture."
  }

  assert {
    condition     = jsondecode(module.schedule["daily-reindex"].input) == { job_type = "REINDEX", triggered_by = "SCHEDULED", if_needed = true }
    error_message = "The daily reindex is not asked for as batch-reindex understands it."
  }

  assert {
    condition     = toset(output.alarm_names) == toset(["portfolio-high-error-rate", "portfolio-slow-processing", "portfolio-queue-depth", "portfolio-dead-letters"])
    error_message = "An alarm is missing."
  }

  assert {
    condition     = var.alarm_thresholds.failure_rate_percent == 5 && var.alarm_thresholds.processing_seconds == 300 && var.alarm_thresholds.queue_depth == 100
    error_message = "The alarms' thresholds are not those of the architecture."
  }

  assert {
    condition     = !contains(keys(local.function_environment), "OTEL_EXPORTER_OTLP_ENDPOINT") && !contains(keys(local.api_environment), "OTEL_EXPORTER_OTLP_ENDPOINT")
    error_message = "Spans are made although nobody collects them."
  }

  assert {
    condition     = output.dashboard_name == "portfolio-pipeline"
    error_message = "The dashboard has another name."
  }

  assert {
    condition     = output.upload_command == "aws s3 cp FILE s3://portfolio-raw/incoming/FILE"
    error_message = "The upload command does not lead to incoming/."
  }
}

run "names_reach_the_functions" {
  command = plan

  assert {
    condition = alltrue([
      for name, value in {
        S3_RAW_BUCKET           = "portfolio-raw"
        S3_EMBEDDINGS_BUCKET    = "portfolio-embeddings"
        S3_CONFIG_BUCKET        = "portfolio-config"
        DYNAMODB_DOCUMENT_TABLE = "document_registry"
        DYNAMODB_CHUNKS_TABLE   = "embedding_chunks"
        DYNAMODB_JOBS_TABLE     = "ingestion_jobs"
        DYNAMODB_VECTORS_TABLE  = "embedding_vectors"
        SQS_INGESTION_QUEUE     = "portfolio-ingestion-queue"
        SQS_EMBEDDING_QUEUE     = "portfolio-embedding-queue"
        SQS_DLQ                 = "portfolio-ingestion-dlq"
        SQS_EMBEDDING_DLQ       = "portfolio-embedding-dlq"
        SQS_EVENTS_DLQ          = "portfolio-events-dlq"
        MAX_RECEIVE_COUNT       = "3"
        REINDEX_FUNCTION        = "batch-reindex"
        CHUNK_SIZE              = "1000"
        CHUNK_OVERLAP           = "200"
        EMBEDDING_MODEL         = "sentence-transformers/all-MiniLM-L6-v2"
        CHROMA_URL              = "http://chromadb:8000"
        CHROMA_COLLECTION       = "portfolio_knowledge"
        CHROMA_PARTITIONS       = "1"
        METRICS_NAMESPACE       = "PortfolioRAG"
      } : local.function_environment[name] == value
    ])
    error_message = "A function would not find what the architecture's variables name."
  }

  assert {
    condition     = !contains(keys(local.function_environment), "AWS_ENDPOINT_URL") && !contains(keys(local.function_environment), "AWS_DEFAULT_REGION")
    error_message = "A function would be sent to another endpoint, or have a variable that Lambda refuses."
  }
}

run "a_suffix_reaches_every_name" {
  command = plan

  variables {
    name_suffix                    = "acme-prod"
    aws_endpoint_url_for_functions = "http://emulator:4566"
  }

  assert {
    condition = alltrue([
      for name in concat(
        values(output.bucket_names),
        values(output.table_names),
        values(output.function_names),
        values(output.log_group_names),
        output.alarm_names,
        [for queue in module.queue : queue.name],
        [for queue in module.queue : queue.dead_letter_queue.name],
        [for function in module.function : function.role_name],
        [for schedule in module.schedule : schedule.name],
        [module.events_dead_letter_queue.name, output.dashboard_name],
      ) : endswith(name, "-acme-prod")
    ])
    error_message = "A name lacks the suffix: two deployments would meet there."
  }

  assert {
    condition     = local.function_environment.S3_RAW_BUCKET == "portfolio-raw-acme-prod" && local.function_environment.AWS_ENDPOINT_URL == "http://emulator:4566"
    error_message = "The functions would look for other names than those that were made."
  }
}
