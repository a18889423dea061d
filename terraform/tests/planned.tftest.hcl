# Asserts nothing here: tests/terraform compares the whole of this plan, as production is told to apply it.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan

  # Each function, queue and log group under its own name, so that the plan tells them apart.

  override_resource {
    target          = module.function["document-intake"].aws_lambda_function.this
    override_during = plan
    values          = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:document-intake" }
  }

  override_resource {
    target          = module.function["document-intake"].aws_cloudwatch_log_group.this
    override_during = plan
    values          = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/document-intake" }
  }

  override_resource {
    target          = module.function["document-intake"].aws_iam_role.this
    override_during = plan
    values          = { arn = "arn:aws:iam::123456789012:role/portfolio-document-intake" }
  }

  override_resource {
    target          = module.function["document-processor"].aws_lambda_function.this
    override_during = plan
    values          = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:document-processor" }
  }

  override_resource {
    target          = module.function["document-processor"].aws_cloudwatch_log_group.this
    override_during = plan
    values          = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/document-processor" }
  }

  override_resource {
    target          = module.function["document-processor"].aws_iam_role.this
    override_during = plan
    values          = { arn = "arn:aws:iam::123456789012:role/portfolio-document-processor" }
  }

  override_resource {
    target          = module.function["embedding-generator"].aws_lambda_function.this
    override_during = plan
    values          = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:embedding-generator" }
  }

  override_resource {
    target          = module.function["embedding-generator"].aws_cloudwatch_log_group.this
    override_during = plan
    values          = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/embedding-generator" }
  }

  override_resource {
    target          = module.function["embedding-generator"].aws_iam_role.this
    override_during = plan
    values          = { arn = "arn:aws:iam::123456789012:role/portfolio-embedding-generator" }
  }

  override_resource {
    target          = module.function["batch-reindex"].aws_lambda_function.this
    override_during = plan
    values          = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:batch-reindex" }
  }

  override_resource {
    target          = module.function["batch-reindex"].aws_cloudwatch_log_group.this
    override_during = plan
    values          = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/batch-reindex" }
  }

  override_resource {
    target          = module.function["batch-reindex"].aws_iam_role.this
    override_during = plan
    values          = { arn = "arn:aws:iam::123456789012:role/portfolio-batch-reindex" }
  }

  override_resource {
    target          = module.function["check-health"].aws_lambda_function.this
    override_during = plan
    values          = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:check-health" }
  }

  override_resource {
    target          = module.function["check-health"].aws_cloudwatch_log_group.this
    override_during = plan
    values          = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/check-health" }
  }

  override_resource {
    target          = module.function["check-health"].aws_iam_role.this
    override_during = plan
    values          = { arn = "arn:aws:iam::123456789012:role/portfolio-check-health" }
  }

  override_resource {
    target          = module.queue["ingestion"].aws_sqs_queue.this
    override_during = plan
    values          = { arn = "arn:aws:sqs:eu-central-1:123456789012:portfolio-ingestion-queue" }
  }

  override_resource {
    target          = module.queue["embedding"].aws_sqs_queue.this
    override_during = plan
    values          = { arn = "arn:aws:sqs:eu-central-1:123456789012:portfolio-embedding-queue" }
  }

  override_resource {
    target          = module.queue["ingestion"].module.dead_letter_queue.aws_sqs_queue.this
    override_during = plan
    values          = { arn = "arn:aws:sqs:eu-central-1:123456789012:portfolio-ingestion-dlq" }
  }

  override_resource {
    target          = module.queue["embedding"].module.dead_letter_queue.aws_sqs_queue.this
    override_during = plan
    values          = { arn = "arn:aws:sqs:eu-central-1:123456789012:portfolio-embedding-dlq" }
  }

  override_resource {
    target          = module.events_dead_letter_queue.aws_sqs_queue.this
    override_during = plan
    values          = { arn = "arn:aws:sqs:eu-central-1:123456789012:portfolio-events-dlq" }
  }

  override_resource {
    target          = module.bucket["raw"].aws_s3_bucket.this
    override_during = plan
    values          = { arn = "arn:aws:s3:::portfolio-raw" }
  }

  override_resource {
    target          = module.bucket["embeddings"].aws_s3_bucket.this
    override_during = plan
    values          = { arn = "arn:aws:s3:::portfolio-embeddings" }
  }

  override_resource {
    target          = module.bucket["config"].aws_s3_bucket.this
    override_during = plan
    values          = { arn = "arn:aws:s3:::portfolio-config" }
  }

  override_resource {
    target          = module.schedule["daily-reindex"].aws_cloudwatch_event_rule.this
    override_during = plan
    values          = { arn = "arn:aws:events:eu-central-1:123456789012:rule/daily-reindex" }
  }

  override_resource {
    target          = module.schedule["process-monitoring"].aws_cloudwatch_event_rule.this
    override_during = plan
    values          = { arn = "arn:aws:events:eu-central-1:123456789012:rule/process-monitoring" }
  }
}

run "planned" {
  command = plan

  variables {
    deletion_protection = true
    alarm_emails        = ["oncall@example.com"]
  }
}
