output "url" {
  description = "Where the API answers. With a certificate, its own name must lead to this host."
  value       = "${var.certificate_arn == null ? "http" : "https"}://${aws_lb.this.dns_name}"
}

output "load_balancer_zone_id" {
  description = "Hosted zone of the load balancer, for an alias record."
  value       = aws_lb.this.zone_id
}

output "tasks_security_group_id" {
  description = "Security group of the API's tasks."
  value       = aws_security_group.tasks.id
}

output "secret_names" {
  description = "Secrets, by the environment variable that each is for."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.name }
}

output "log_group_name" {
  description = "Where the API's logs are."
  value       = aws_cloudwatch_log_group.this.name
}

output "image_uri" {
  description = "The image that the tasks run."
  value       = var.image_uri
}
