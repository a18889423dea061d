output "name" {
  description = "Name of the queue."
  value       = aws_sqs_queue.this.name
}

output "arn" {
  description = "ARN of the queue."
  value       = aws_sqs_queue.this.arn
}

output "url" {
  description = "URL of the queue."
  value       = aws_sqs_queue.this.url
}

output "message_retention_seconds" {
  description = "How long a message stays."
  value       = aws_sqs_queue.this.message_retention_seconds
}

output "redrive_allow_policy" {
  description = "Which queues may name this one as their dead-letter queue."
  value       = jsondecode(aws_sqs_queue.this.redrive_allow_policy)
}

output "policy" {
  description = "Who may use the queue, beside its account."
  value       = jsondecode(aws_sqs_queue.this.policy)
}
