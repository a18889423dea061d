output "volume_id" {
  description = "The volume that holds the index."
  value       = aws_ebs_volume.data.id
}

output "instance_id" {
  description = "The machine: aws ssm start-session --target ID opens a shell on it."
  value       = aws_instance.this.id
}

output "security_group_id" {
  description = "Chroma's security group."
  value       = aws_security_group.this.id
}

output "log_group_name" {
  description = "Where Chroma's logs are."
  value       = aws_cloudwatch_log_group.this.name
}
