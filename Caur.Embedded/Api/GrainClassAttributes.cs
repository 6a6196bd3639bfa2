using System.Globalization;

namespace Orleans;

/// <summary>The type in the identities of a class's grains, which stays when the class is renamed.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public sealed class GrainTypeAttribute : Attribute
{
    /// <summary>Names it so.</summary>
    public GrainTypeAttribute(string grainType)
    {
        ArgumentNullException.ThrowIfNull(grainType);
        GrainType = grainType;
    }

    internal string GrainType { get; }
}

/// <summary>How long grains of the class may be idle before they are collected. At least one minute.</summary>
[AttributeUsage(AttributeTargets.Class)]
public class CollectionAgeLimitAttribute : Attribute
{
    /// <summary>The shortest limit.</summary>
    public static readonly TimeSpan MinAgeLimit = TimeSpan.FromMinutes(1);

    private readonly TimeSpan _span;

    /// <summary>A limit that the properties give.</summary>
    public CollectionAgeLimitAttribute()
    {
    }

    /// <summary>A limit in the invariant form, such as <c>00:10:00</c>.</summary>
    public CollectionAgeLimitAttribute(string inactivityPeriod) => _span = TimeSpan.Parse(inactivityPeriod, CultureInfo.InvariantCulture);

    /// <summary>Days of the limit.</summary>
    public double Days { get; set; }

    /// <summary>Hours of the limit.</summary>
    public double Hours { get; set; }

    /// <summary>Minutes of the limit.</summary>
    public double Minutes { get; set; }

    /// <summary>Never collected.</summary>
    public bool AlwaysActive { get; set; }

    /// <summary>The sum of what was given, not below <see cref="MinAgeLimit"/>.</summary>
    public TimeSpan AgeLimit
    {
        get
        {
            if (AlwaysActive)
            {
                return Timeout.InfiniteTimeSpan;
            }

            var sum = _span + TimeSpan.FromDays(Days) + TimeSpan.FromHours(Hours) + TimeSpan.FromMinutes(Minutes);
            return sum < MinAgeLimit ? MinAgeLimit : sum;
        }
    }
}

/// <summary>Grains of the class are not collected when idle.</summary>
[AttributeUsage(AttributeTargets.Class)]
public class KeepAliveAttribute : Attribute;
