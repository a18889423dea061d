output "name" {
  description = "Name of the rule."
  value       = aws_cloudwatch_event_rule.this.name
}

output "expression" {
  description = "When it fires."
  value       = aws_cloudwatch_event_rule.this.schedule_expression
}

output "input" {
  description = "The event that the function gets; null for EventBridge's own."
  value       = aws_cloudwatch_event_target.this.input
}
