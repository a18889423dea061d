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

output "visibility_timeout_seconds" {
  description = "How long a message that was received stays hidden."
  value       = aws_sqs_queue.this.visibility_timeout_seconds
}

output "message_retention_seconds" {
  description = "How long a message stays that nobody deletes."
  value       = aws_sqs_queue.this.message_retention_seconds
}

output "redrive_policy" {
  description = "Where messages go that failed too often, and after how many attempts."
  value       = jsondecode(aws_sqs_queue.this.redrive_policy)
}

output "policy" {
  description = "Who may not use the queue."
  value       = jsondecode(aws_sqs_queue.this.policy)
}

output "dead_letter_queue" {
  description = "The queue for messages that failed too often: name, arn, url, message_retention_seconds, redrive_allow_policy, policy."
  value       = module.dead_letter_queue
}
