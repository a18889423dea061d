variable "name" {
  description = "Name of the repository."
  type        = string
}

variable "function_arn" {
  description = "The function that runs the images; null where ECS does, whose own role says what it may pull."
  type        = string
}
