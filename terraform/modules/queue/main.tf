module "dead_letter_queue" {
  source = "../dead_letter_queue"

  name              = var.dead_letter_name
  arn               = var.dead_letter_arn
  source_queue_arns = [var.arn]
}

resource "aws_sqs_queue" "this" {
  name = var.name

  # A message must stay hidden for as long as anyone may still be working on it. Lambda holds a batch for the
  # function's time limit, and tries again by itself while it is throttled: AWS asks for six times the limit. With
  # less, the same message would run twice at once and use up its attempts without a failure.
  # A worker hides its messages himself for as long as he lives (pipeline/ingestion/redelivery.py).
  visibility_timeout_seconds = coalesce(var.visibility_timeout_seconds, 6 * var.consumer_timeout_seconds)

  message_retention_seconds = 4 * 24 * 3600
  receive_wait_time_seconds = 20
  sqs_managed_sse_enabled   = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = module.dead_letter_queue.arn
    maxReceiveCount     = var.max_receive_count
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = var.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
