output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "image_uri" {
  description = "The image that it runs."
  value       = aws_lambda_function.this.image_uri
}

output "log_group_name" {
  description = "Where its logs are."
  value       = aws_cloudwatch_log_group.this.name
}

output "role_name" {
  description = "Name of its role."
  value       = aws_iam_role.this.name
}

output "timeout_seconds" {
  description = "Time limit of one invocation."
  value       = aws_lambda_function.this.timeout
}

output "vpc_config" {
  description = "The network of the function; empty outside a VPC."
  value       = aws_lambda_function.this.vpc_config
}
