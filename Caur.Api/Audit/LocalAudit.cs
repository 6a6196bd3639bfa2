using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caur.Api.Audit;

/// <summary>The audit of what is done to the data folder itself, by a verb or by the hub.</summary>
public static class LocalAudit
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Does something between the two lines that tell of it.</summary>
    /// <param name="audit">The log.</param>
    /// <param name="verb">What it is, as people call it.</param>
    /// <param name="what">With what; nothing secret.</param>
    /// <param name="act">Does it, and says what became of it.</param>
    /// <exception cref="AuditException">The first line could not be written, and nothing was done.</exception>
    public static async Task<T> RunAsync<T>(AuditLog audit, string verb, object what, Func<Task<(T Result, string Outcome)>> act)
    {
        ArgumentNullException.ThrowIfNull(audit);
        ArgumentNullException.ThrowIfNull(act);
        var request = Guid.NewGuid().ToString("N");
        var body = JsonSerializer.SerializeToElement(what, Json);
        var begun = await audit.AppendAsync(new AuditEntry
        {
            Event = AuditEvent.Begun,
            Request = request,
            Name = Environment.UserName,
            Role = "Local",
            Route = verb,
            Body = BodySummary.Of(body, 1, null),
        });
        try
        {
            var (result, outcome) = await act();
            await EndAsync(outcome);
            return result;
        }
        catch (Exception error) when (error is not AuditException)
        {
            await EndAsync($"failed: {error.Message}");
            throw;
        }

        async Task EndAsync(string outcome)
        {
            try
            {
                await audit.AppendAsync(new AuditEntry { Event = AuditEvent.Ended, Of = begun, Request = request, Outcome = outcome });
            }
            catch (AuditException)
            {
                // It is done, or has failed with something better to tell.
            }
        }
    }
}
