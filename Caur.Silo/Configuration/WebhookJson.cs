using System.Text.Json;
using Caur.Contracts.Farm;

namespace Caur.Silo.Configuration;

/// <summary>Checks the setting of webhooks.</summary>
internal static class WebhookJson
{
    public const string Form = """{"NAME":{"url":"https://...","secret":"...","events":["build.final","change"]}}, with secret_file for a secret in a file; events may be left out""";

    public static void Check(ConfigurationNode node, List<ConfigurationProblem> problems)
    {
        foreach (var webhook in RepositoryJson.Entries(node, "webhook", problems))
        {
            var who = $"the webhook {Shown.Text(webhook.Name)}";
            var members = RepositoryJson.Members(webhook, problems, "url", "secret", "secret_file", "events");
            if (!members.TryGetValue("url", out var url))
            {
                problems.Add(new(webhook.Place, $"{who} has no url"));
            }
            else if (RepositoryJson.Text(url, problems) is { } address && !RepositoryJson.IsWebUrl(address))
            {
                problems.Add(new(url.Place, $"{who}: its url is no address: http:// or https:// is wanted"));
            }

            RepositoryJson.CheckSecret(who, "secret", webhook, members, problems);
            if (members.TryGetValue("events", out var events))
            {
                foreach (var word in RepositoryJson.Texts(events, problems).Where(word => !WebhookOptions.EventWords.Contains(word.Text, StringComparer.Ordinal)))
                {
                    problems.Add(new(word.Place, $"{who}: '{Shown.Text(word.Text)}' is no event{RepositoryJson.Meant(word.Text, [.. WebhookOptions.EventWords])}"));
                }

                if (events is { Kind: JsonValueKind.Array, Children.Count: 0 })
                {
                    problems.Add(new(events.Place, $"{who} has no events; leave the key out for {WebhookOptions.BuildEnded} and {WebhookOptions.RepositoryChanged}"));
                }
            }
        }
    }
}
