variable "name" {
  description = "Name of the repository."
  type        = string
}

variable "function_arn" {
  description = "The function that runs the images."
  type        = string
}
