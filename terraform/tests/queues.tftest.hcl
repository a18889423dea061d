# No message is lost, none is worked on twice at once, and what failed stays to be looked at.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "queues" {
  command = plan

  assert {
    condition     = module.queue["ingestion"].visibility_timeout_seconds == 300 && module.queue["embedding"].visibility_timeout_seconds == 720
    error_message = "Visibility timeouts are not 5 minutes (the architecture's) and 12."
  }

  assert {
    condition = alltrue([
      for key, queue in module.queue : queue.visibility_timeout_seconds >= 6 * module.function[local.consumers[key]].timeout_seconds
    ])
    error_message = "A message would come back while its function may still work on it."
  }

  assert {
    condition     = local.consumers == { ingestion = "document-processor", embedding = "embedding-generator" }
    error_message = "A queue is read by another function than the architecture's."
  }

  assert {
    condition     = alltrue([for queue in module.queue : queue.redrive_policy.maxReceiveCount == 3 && queue.redrive_policy.deadLetterTargetArn == queue.dead_letter_queue.arn])
    error_message = "A message does not go to its dead-letter queue after 3 attempts."
  }

  assert {
    condition = alltrue([
      for key, queue in module.queue : queue.dead_letter_queue.redrive_allow_policy == { redrivePermission = "byQueue", sourceQueueArns = [local.queue_arns[key]] }
    ])
    error_message = "A dead-letter queue takes messages from another queue than its own."
  }

  assert {
    condition     = module.events_dead_letter_queue.redrive_allow_policy == { redrivePermission = "denyAll" }
    error_message = "A queue could name the events' dead-letter queue as its own."
  }

  assert {
    condition = alltrue([
      for queue in concat([for queue in module.queue : queue.dead_letter_queue], [module.events_dead_letter_queue]) : queue.message_retention_seconds == 1209600
    ]) && alltrue([for queue in module.queue : queue.message_retention_seconds < 1209600])
    error_message = "Dead letters must stay for 14 days, longer than any message waits before."
  }

  assert {
    condition = alltrue([
      for policy in concat(
        [for queue in module.queue : queue.policy],
        [for queue in module.queue : queue.dead_letter_queue.policy],
        [module.events_dead_letter_queue.policy],
        ) : anytrue([
          for statement in policy.Statement :
          statement.Effect == "Deny" && statement.Principal == "*" && statement.Action == "sqs:*" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"
      ])
    ])
    error_message = "A queue takes requests without TLS."
  }

  assert {
    condition = toset([
      for statement in module.events_dead_letter_queue.policy.Statement : statement.Condition.ArnEquals["aws:SourceArn"] if statement.Effect == "Allow"
      ]) == toset([
      "arn:aws:events:eu-central-1:123456789012:rule/daily-reindex",
      "arn:aws:events:eu-central-1:123456789012:rule/process-monitoring",
    ])
    error_message = "Others than our two rules may send to the events' dead-letter queue."
  }
}

run "each_document_has_an_invocation_of_its_own" {
  command = plan

  assert {
    condition     = local.functions.document-processor.batch_size == 1 && local.functions.embedding-generator.batch_size == 10
    error_message = "A document waits for others of its batch, or messages do not share a run of the model."
  }
}

run "a_local_stack_has_its_messages_back_sooner" {
  command = plan

  variables {
    visibility_timeout_seconds = 45
  }

  assert {
    condition     = alltrue([for queue in module.queue : queue.visibility_timeout_seconds == 45])
    error_message = "The visibility timeout that was asked for is not the queues'."
  }
}

run "visibility_follows_the_time_limit" {
  command = plan

  variables {
    function_settings = {
      document-processor  = { timeout_seconds = 100 }
      embedding-generator = { timeout_seconds = 900 }
    }
    max_receive_count = 5
  }

  assert {
    condition     = module.queue["ingestion"].visibility_timeout_seconds == 600 && module.queue["embedding"].visibility_timeout_seconds == 5400
    error_message = "The visibility timeout is not derived from the function's time limit."
  }

  assert {
    condition     = alltrue([for queue in module.queue : queue.redrive_policy.maxReceiveCount == 5]) && local.function_environment.MAX_RECEIVE_COUNT == "5"
    error_message = "Queue and functions disagree on which attempt is the last."
  }

  assert {
    condition     = module.function["document-processor"].timeout_seconds == 100 && module.function["document-intake"].timeout_seconds == 60
    error_message = "An override of one function must leave the others as they are."
  }
}

run "batches" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    name                 = "document-processor"
    role_name            = "portfolio-document-processor"
    description          = "Extracts, sanitises and chunks documents"
    image_uri            = "registry.example.com/document-processor:1"
    architecture         = "arm64"
    timeout_seconds      = 50
    memory_mb            = 1769
    reserved_concurrency = -1
    environment          = { LOG_LEVEL = "INFO" }
    statements           = [{ sid = "Send", actions = ["sqs:SendMessage"], resources = ["arn:aws:sqs:eu-central-1:123456789012:q"] }]
    log_level            = "WARNING"
    log_retention_days   = 14
    tracing_enabled      = true
    vpc_config           = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
    queue                = { arn = "arn:aws:sqs:eu-central-1:123456789012:q", batch_size = 4, maximum_concurrency = 7 }
    on_failure           = { queue_arn = "arn:aws:sqs:eu-central-1:123456789012:dlq", maximum_retry_attempts = 2 }
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.this[0].batch_size == 4
      && aws_lambda_event_source_mapping.this[0].function_response_types == toset(["ReportBatchItemFailures"])
      && aws_lambda_event_source_mapping.this[0].scaling_config[0].maximum_concurrency == 7
    )
    error_message = "Batches are not of the size that was asked for, with partial failures reported, or not bounded."
  }

  assert {
    condition = (
      aws_lambda_function.this.package_type == "Image"
      && aws_lambda_function.this.architectures == tolist(["arm64"])
      && aws_lambda_function.this.logging_config[0].log_format == "JSON"
      && aws_lambda_function.this.logging_config[0].application_log_level == "WARN"
      && aws_lambda_function.this.logging_config[0].log_group == "/aws/lambda/document-processor"
      && aws_lambda_function.this.tracing_config[0].mode == "Active"
      && aws_lambda_function.this.vpc_config[0].subnet_ids == toset(["subnet-1"])
    )
    error_message = "The function is not an image with JSON logs, tracing and a VPC as asked for."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/document-processor" && aws_cloudwatch_log_group.this.retention_in_days == 14
    error_message = "The log group has another name, or keeps logs for ever."
  }

  assert {
    condition = (
      aws_lambda_function_event_invoke_config.this[0].maximum_retry_attempts == 2
      && aws_lambda_function_event_invoke_config.this[0].destination_config[0].on_failure[0].destination == "arn:aws:sqs:eu-central-1:123456789012:dlq"
    )
    error_message = "An event that failed for good would be lost."
  }

  assert {
    condition = (
      jsondecode(aws_iam_role_policy.this.policy).Statement[0].Resource == ["arn:aws:logs:eu-central-1:123456789012:log-group:mocked:*"]
      && jsondecode(aws_iam_role_policy.this.policy).Statement[1] == { Sid = "Send", Effect = "Allow", Action = ["sqs:SendMessage"], Resource = ["arn:aws:sqs:eu-central-1:123456789012:q"] }
    )
    error_message = "The role's policy is not its own logs and the statements given."
  }
}
