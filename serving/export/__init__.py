"""Published risk as files that a CRM takes in: Salesforce, HubSpot, or plain CSV."""
