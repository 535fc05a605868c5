"""The report: ML Metadata, TFMA's figures and the stored predictions as one page, JSON and a table."""
