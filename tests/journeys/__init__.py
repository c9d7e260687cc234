"""From a schedule's planned instant to the file in a customer's hands: every part of the product, over real HTTP and real SMTP."""
