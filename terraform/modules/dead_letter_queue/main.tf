resource "aws_sqs_queue" "this" {
  name = var.name

  # The longest that SQS allows. A message keeps the age that it had in its first queue, so this must be well over
  # that queue's retention, or messages would go before anyone has looked.
  message_retention_seconds = 14 * 24 * 3600
  sqs_managed_sse_enabled   = true

  redrive_allow_policy = jsonencode(merge(
    { redrivePermission = length(var.source_queue_arns) == 0 ? "denyAll" : "byQueue" },
    { for key, arns in { sourceQueueArns = var.source_queue_arns } : key => arns if length(arns) > 0 },
  ))

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = var.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      [for rule_arn in var.publisher_rule_arns : {
        Sid       = "UndeliveredEvents${index(var.publisher_rule_arns, rule_arn)}"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = var.arn
        Condition = { ArnEquals = { "aws:SourceArn" = rule_arn } }
      }],
    )
  })
}
